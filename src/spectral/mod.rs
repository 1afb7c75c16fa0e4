//! stub

pub mod delta;
mod metadata;
pub mod shift;
