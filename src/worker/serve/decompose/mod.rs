//! The factors of the model's weights, made by a pool of workers.

pub(crate) mod layers;
mod run;
#[cfg(feature = "engine")]
pub(crate) mod worker;
#[cfg(feature = "engine")]
mod worker_pool;

pub(crate) use self::run::{decompose, decomposed};
