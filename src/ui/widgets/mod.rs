//! Elements that several features use.

pub mod canvas;
pub mod delete;
pub mod field;
pub mod setting;
