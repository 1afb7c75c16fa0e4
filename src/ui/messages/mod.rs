//! Notes, warnings and errors.

pub mod clipboard;
pub mod report;
pub mod state;
pub mod view;
