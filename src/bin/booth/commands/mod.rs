//! The commands: each module has the arguments of one and runs it.

pub(crate) mod collage;
pub(crate) mod combine;
pub(crate) mod decompose;
pub(crate) mod edit;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod link;
pub(crate) mod plan;
pub(crate) mod synth;
pub(crate) mod train;
