//! Files, pictures and terminal output.

pub(crate) mod date;
pub(crate) mod files;
pub(crate) mod grid;
pub(crate) mod status;
pub(crate) mod text;
