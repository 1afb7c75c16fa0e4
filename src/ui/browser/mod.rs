//! Browser APIs.

pub mod api;
pub mod capabilities;
pub mod options;
pub mod pixels;
