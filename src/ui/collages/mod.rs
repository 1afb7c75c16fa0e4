//! Collages of two subjects.

pub mod actions;
pub mod arrange;
pub mod editor;
pub mod strip;
