//! Weight files: their formats, and where they come from.
//!
//! | folder | what it has |
//! |---|---|
//! | [`format`](mod@format) | safetensors, shards, single-file checkpoints, values on the device |
//! | [`download`] | files from servers, with retries |
//! | [`cache`] | downloaded files, stored in the browser |
//! | [`local`] | files that a person chose from their disk |
//! | [`catalogue`] | the base models that the app offers |
//! | [`files`] | [`Files`]: a base model wherever it is, loaded tensor by tensor |

pub mod cache;
pub mod catalogue;
pub mod download;
pub mod files;
pub mod format;
pub mod local;

pub use files::{Files, SingleFile};
pub use format::base_hash::BaseHash;
pub(crate) use format::f16::{halves, pack};
pub use format::shards::WeightFiles;
pub use format::stored::{Numbers, Place, Stored};
pub use format::weights::Weights;
pub use local::LocalFiles;
