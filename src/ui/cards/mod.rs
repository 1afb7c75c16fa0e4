//! The three cards of the page, assembled from the features.

pub mod gather;
pub mod open_deltas;
pub mod samples;
pub mod train;
pub mod use_it;
