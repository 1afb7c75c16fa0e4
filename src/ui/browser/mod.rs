//! The browser: what it has, what its address asks for, pictures and files.

pub mod api;
pub mod capabilities;
pub mod options;
pub mod pixels;
