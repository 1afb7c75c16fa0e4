//! Open deltas and the library of deltas.

pub mod actions;
pub mod combine;
pub mod combine_panel;
pub mod combine_settings;
pub mod describe_panel;
pub mod export_panel;
pub mod library;
pub mod library_panel;
pub mod state;
