//! Pictures stored in this browser.

pub mod panel;
pub mod state;
