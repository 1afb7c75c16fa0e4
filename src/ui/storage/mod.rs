//! The database of this browser.

pub mod gallery_db;
