//! What is held in memory, counted by the program's own allocator: a binary of its own for it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attention;
mod counting;
mod models;
mod plan;
mod recompute;
mod stored;
mod tiles;
