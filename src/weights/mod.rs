//! Bytes to checked tensors: the safetensors header, a base's files on disk or over HTTP, in one
//! file or in many, those that a person chose from their disk, those of other sites kept in the
//! browser, the catalogue of them.

pub mod cache;
pub mod catalogue;
pub mod download;
pub mod files;
pub mod format;
pub mod hash;
pub mod local;

mod digest;
mod source;

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::error::{Error, Result};

pub use files::Files;
pub use format::shards::WeightFiles;
pub use format::single_file::SingleFile;
pub use format::stored::{Numbers, Place, Stored};
pub(crate) use format::stored::{halves, pack};
pub use hash::BaseHash;
pub use local::Given;

/// The tensors of one weight file, on the device, taken one by one.
///
/// Every tensor is asked for by name and shape; [`Weights::finish`] refuses leftovers, so a file
/// that does not fit its config is found out before the first forward pass.
#[derive(Debug)]
pub struct Weights {
    file: String,
    tensors: BTreeMap<String, (Vec<usize>, Numbers)>,
}

impl Weights {
    /// Tensors by name: shape and flat numbers.
    pub fn new(
        file: impl Into<String>,
        tensors: BTreeMap<String, (Vec<usize>, impl Into<Numbers>)>,
    ) -> Self {
        let tensors = tensors.into_iter();
        Self {
            file: file.into(),
            tensors: tensors
                .map(|(name, (shape, numbers))| (name, (shape, numbers.into())))
                .collect(),
        }
    }

    /// Whether a tensor of this name is still there.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a tensor out that is stored as F32: biases and norms always are.
    ///
    /// # Errors
    /// `Weights` if there is none of that name or its shape differs, naming both; or if it is
    /// stored as halves, which [`take_numbers`](Self::take_numbers) gives.
    pub fn take<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        match self.take_numbers(name, &shape)? {
            Numbers::F32(values) => Ok(values.reshape(shape)),
            Numbers::F16(_) => Err(Error::Weights(format!(
                "{}: the tensor '{name}' is stored as F16, but is computed with as it is. Load this base with its weights stored as F32.",
                self.file
            ))),
        }
    }

    /// Takes a tensor out as it is stored.
    ///
    /// # Errors
    /// `Weights` if there is none of that name or its shape differs; the message names both.
    pub fn take_numbers(&mut self, name: &str, shape: &[usize]) -> Result<Numbers> {
        let Some((found, numbers)) = self.tensors.remove(name) else {
            return Err(Error::Weights(format!(
                "{}: the tensor '{name}' is missing. The file does not fit its config.json; check that both come from the same model.",
                self.file
            )));
        };
        if found != shape {
            return Err(Error::Weights(format!(
                "{}: the tensor '{name}' has shape {found:?}, but its config.json asks for {shape:?}. Check that both come from the same model.",
                self.file
            )));
        }
        Ok(numbers)
    }

    /// Ends the loading.
    ///
    /// # Errors
    /// `Weights` if a tensor was not asked for; the message names the first.
    pub fn finish(self) -> Result<()> {
        match self.tensors.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::Weights(format!(
                "{}: the tensor '{name}' and {} others are not part of the model that config.json describes. Check that both come from the same model.",
                self.file,
                self.tensors.len() - 1
            ))),
        }
    }
}
