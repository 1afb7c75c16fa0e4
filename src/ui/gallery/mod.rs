//! Pictures kept in this browser.

pub mod actions;
pub mod panel;
