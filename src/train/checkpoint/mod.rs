//! Everything that a run needs to resume, as one checked file, and where that file is stored.
//!
//! | file | what it has |
//! |---|---|
//! | `state` | [`Checkpoint`]: a run between two steps |
//! | `format` | its bytes |
//! | [`file`](mod@file) | one file on disk, replaced as a whole |
//! | [`slots`] | two files written in turn, for browsers |

#[cfg(not(target_family = "wasm"))]
pub mod file;
mod format;
pub mod slots;
mod state;

#[cfg(not(target_family = "wasm"))]
pub use file::CheckpointFile;
pub use slots::CheckpointSlots;
pub use state::Checkpoint;

#[cfg(test)]
mod tests;
