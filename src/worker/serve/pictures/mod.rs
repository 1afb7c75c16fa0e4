//! The subjects' pictures, and collages of two of them.

pub(crate) mod collages;
pub(crate) mod store;
