//! Open deltas: opened, described, combined, shared and exported.

pub(crate) mod combine;
pub(crate) mod export;
pub(crate) mod open;
pub(crate) mod share;
mod store;
mod summary;

pub use self::store::DeltaStore;
