//! Subjects and their pictures.

pub mod actions;
pub mod camera;
pub mod dimensions;
pub mod pictures;
pub mod samples;
pub mod state;
pub mod thumbnail;
pub mod words;
