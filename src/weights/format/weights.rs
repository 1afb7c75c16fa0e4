//! The tensors of one weight file.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::weights::format::dtype::Dtype;
use crate::weights::format::stored::Numbers;

/// The tensors of one weight file, on the device.
///
/// The model takes each tensor by name and shape; [`Weights::finish`] refuses leftovers, so a file that
/// does not match its config is rejected before the first forward pass.
#[derive(Debug)]
pub struct Weights {
    file: String,
    tensors: BTreeMap<String, (Vec<usize>, Numbers)>,
}

impl Weights {
    /// Tensors by name, each with its shape and flat values; `file` is named in errors.
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

    /// Whether a tensor of this name has not been taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a tensor that is stored as F32, as biases and norms always are.
    ///
    /// # Errors
    /// `Weights` if there is none of this name, its shape differs, or it is stored as F16: such a
    /// tensor can be taken with [`take_numbers`](Self::take_numbers).
    pub fn take<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        match self.take_numbers(name, &shape)? {
            Numbers::F32(values) => Ok(values.reshape(shape)),
            Numbers::F16(_) => Err(Error::Weights(format!(
                "{}: the tensor '{name}' is stored as F16, but is computed with as it is. Load this base with its weights stored as F32.",
                self.file
            ))),
        }
    }

    /// Takes a tensor as it is stored.
    ///
    /// # Errors
    /// `Weights` if there is none of this name or its shape differs.
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

    /// Checks that all tensors were taken.
    ///
    /// # Errors
    /// `Weights` if one is left; the message names the first.
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

/// Whether this is the position table that older exports of CLIP store among the weights.
pub(crate) fn is_buffer(name: &str, dtype: Dtype) -> bool {
    dtype == Dtype::I64 && name.rsplit('.').next() == Some("position_ids")
}
