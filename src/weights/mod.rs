//! Bytes to checked tensors: the safetensors header, a base's files on disk or over HTTP, in one
//! file or in many, those that a person chose from their disk, those of other sites kept in the
//! browser, the catalogue of them.

pub mod catalogue;
pub mod clip_tokenizer;
pub mod download;
pub mod files;
pub mod given;
pub mod hash;
pub mod kept;
pub mod safetensors;
pub mod shards;
pub mod single_file;

mod dtype;
#[cfg(feature = "web")]
mod http;
mod source;
mod stream;
mod strict_json;

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use crate::error::{Error, Result};

pub use files::Files;
pub use given::Given;
pub use hash::BaseHash;
pub use shards::WeightFiles;
pub use single_file::SingleFile;

/// The tensors of one weight file, on the device, taken one by one.
///
/// Every tensor is asked for by name and shape; [`Weights::finish`] refuses leftovers, so a file
/// that does not fit its config is found out before the first forward pass.
#[derive(Debug)]
pub struct Weights {
    file: String,
    tensors: BTreeMap<String, (Vec<usize>, Tensor<1>)>,
}

impl Weights {
    /// Tensors by name: shape and flat F32 values.
    pub fn new(
        file: impl Into<String>,
        tensors: BTreeMap<String, (Vec<usize>, Tensor<1>)>,
    ) -> Self {
        Self {
            file: file.into(),
            tensors,
        }
    }

    /// Whether a tensor of this name is still there.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a tensor out.
    ///
    /// # Errors
    /// `Weights` if there is none of that name or its shape differs; the message names both.
    pub fn take<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        let Some((found, values)) = self.tensors.remove(name) else {
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
        Ok(values.reshape(shape))
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

/// A device without autodiff for loading, so that frozen weights stay constants.
pub fn frozen(device: &Device) -> Device {
    device.clone().inner()
}
