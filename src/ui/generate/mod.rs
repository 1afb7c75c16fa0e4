//! Making pictures and editing one.

pub mod edit;
pub mod edit_panel;
pub mod png_text;
pub mod prompt;
pub mod results;
