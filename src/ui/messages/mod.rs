//! Notes, warnings and errors.

pub mod report;
pub mod view;
