//! Generated and edited pictures.

pub(crate) mod edit;
pub(crate) mod pictures;
