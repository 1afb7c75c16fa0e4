//! Settings of training and generating.

pub mod fields;
