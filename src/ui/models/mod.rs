//! Base models: the catalogue, custom models, downloads, memory.

pub mod address;
pub mod catalogue_entry;
pub mod custom_model;
pub mod custom_model_panel;
pub mod download;
pub mod dropped_folder;
pub mod load;
pub mod memory;
pub mod memory_panel;
pub mod panel;
pub mod selection;
pub mod state;
pub mod transfer_rate;
pub mod user_files;
