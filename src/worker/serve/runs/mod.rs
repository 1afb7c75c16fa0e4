//! Training runs and their checkpoints.
//!
//! | file | what it does |
//! |---|---|
//! | `begin` | a run from its settings or its checkpoint |
//! | `steps` | its steps, previews and the delta |
//! | `checkpoints` | the store of the checkpoint |
//! | `settings` | a request's settings as the trainer's |
//! | `throughput` | steps per second |

mod begin;
mod checkpoints;
pub(crate) mod settings;
mod steps;
#[cfg(feature = "engine")]
mod store;
mod throughput;

pub(crate) use self::begin::{RunStores, resume, train};
pub use self::checkpoints::RunStore;
