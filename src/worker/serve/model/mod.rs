//! The base model: where it comes from, its memory plan, its weights on the device.

pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod load;
pub(crate) mod offload;
pub(crate) mod plan;
pub(crate) mod sources;
