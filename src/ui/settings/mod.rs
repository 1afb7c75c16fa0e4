//! The settings of training and generating.

pub mod effort;
pub mod fields;
