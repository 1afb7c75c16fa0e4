//! Base models: the choice of them, custom models, their memory.

pub mod actions;
pub mod custom_model;
pub mod custom_model_panel;
pub mod memory;
pub mod memory_panel;
pub mod panel;
pub mod selection;
pub mod transfer_rate;
