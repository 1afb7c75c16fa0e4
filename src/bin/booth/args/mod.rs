//! Flags that several commands share.

pub(crate) mod base;
pub(crate) mod factors;
pub(crate) mod overrides;
pub(crate) mod strength;
pub(crate) mod subject;
