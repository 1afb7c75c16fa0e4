//! The whole page: its frame, and what every event of the engine changes.

pub mod banners;
pub mod collection;
pub mod events;
pub mod header;
pub mod intake;
pub mod page;
