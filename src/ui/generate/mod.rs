//! Making pictures and editing one.

pub mod actions;
pub mod attention;
pub mod edit;
pub mod edit_panel;
pub mod options;
pub mod png;
pub mod png_text;
pub mod prompt;
pub mod result_picture;
pub mod results;
pub mod results_panel;
pub mod state;
