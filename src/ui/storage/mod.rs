//! What this browser stores: the database of pictures and deltas.

pub mod gallery_db;
pub mod state;
pub mod storage_line;
