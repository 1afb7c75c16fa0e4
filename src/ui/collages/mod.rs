//! Collages of two subjects.

pub mod editor;
pub mod geometry;
pub mod stage;
pub mod state;
pub mod strip;
