//! The one public error: a kind per module, each with a message for the person.
//!
//! A message says what happened, what it means and what to do, in that order, in plain words.

use serde::{Deserialize, Serialize};

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What went wrong, sorted by the module that found out.
///
/// It crosses the worker boundary as it is, so that the page can show the same words as the
/// command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", content = "message", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{0}")]
    Io(String),
    /// A weight file is damaged, or does not hold the tensors that its config promises.
    #[error("{0}")]
    Weights(String),
    /// A config file asks for something that this model does not have.
    #[error("{0}")]
    Config(String),
    /// A picture could not be decoded, or is too large to try.
    #[error("{0}")]
    Picture(String),
    /// A decomposition did not converge, or missed its accuracy.
    #[error("{0}")]
    Decomposition(String),
    /// A delta file is damaged, or was made for another base.
    #[error("{0}")]
    Delta(String),
    /// A checkpoint is damaged, or belongs to another run.
    #[error("{0}")]
    Checkpoint(String),
    /// Settings that cannot work.
    #[error("{0}")]
    Settings(String),
    /// The device was lost, or ran out of memory.
    #[error("{0}")]
    Device(String),
    /// What was asked for takes more memory than there is, by the plan; nothing was begun.
    #[error("{0}")]
    Memory(String),
    /// The person stopped the work.
    #[error("stopped")]
    Cancelled,
}
