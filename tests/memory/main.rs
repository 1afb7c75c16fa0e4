//! Memory tests. They need their own program because its allocator counts.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attention;
mod counting;
mod models;
mod plan;
mod recompute;
mod stored;
mod tiles;
