//! The page as a whole: its frame, and what the engine's events change.

pub mod banners;
pub mod collection;
pub mod delta_events;
pub mod events;
pub mod failures;
pub mod file_drop;
pub mod header;
pub mod page;
pub mod report;
pub mod state;
pub mod ways_in;
