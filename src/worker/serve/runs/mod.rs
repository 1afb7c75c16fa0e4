//! Training runs and their checkpoints.

pub(crate) mod settings;
pub(crate) mod store;
pub(crate) mod throughput;
pub(crate) mod train;
