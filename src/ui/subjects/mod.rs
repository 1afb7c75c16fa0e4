//! Subjects and their pictures.

pub mod actions;
pub mod camera;
pub mod dimensions;
pub mod thumbnail;
