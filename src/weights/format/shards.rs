//! Weights in several files, and their index (`diffusion_pytorch_model.safetensors.index.json`), as
//! written by `save_pretrained` of diffusers and transformers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::weights::format::safetensors::Header;
use crate::weights::format::strict_json::Texts;

/// Largest index in bytes; one of a few thousand tensors has some hundred kilobytes.
pub(crate) const INDEX_LIMIT: u64 = 16 << 20;

/// The weight files of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightFiles {
    /// One file, by its path in the folder of the base model.
    One(String),
    /// Several files.
    Shards(ShardIndex),
}

impl WeightFiles {
    /// Paths of the files in the folder of the base model, in the order in which they are read.
    pub fn paths(&self) -> Vec<String> {
        match self {
            Self::One(path) => vec![path.clone()],
            Self::Shards(index) => index.shards().map(|(path, _)| path).collect(),
        }
    }
}

/// The tensors of each shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex {
    path: String,
    total_size: u64,
    shards: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Deserialize)]
struct File {
    metadata: Option<serde_json::Value>,
    weight_map: Texts,
}

impl ShardIndex {
    /// Reads the index at `path`; the shards are in the same folder.
    ///
    /// # Errors
    /// `Weights` for JSON that is not an index, a repeated tensor, or a shard that is not a plain file
    /// name.
    pub(crate) fn parse(path: &str, json: &[u8]) -> Result<Self> {
        let file: File = serde_json::from_slice(json).map_err(|error| {
            Error::Weights(format!(
                "{path} is not an index of weight files ({error}). It may have been cut short; fetch it again."
            ))
        })?;
        let mut shards: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (tensor, name) in file.weight_map.0 {
            if !is_plain(&name) {
                return Err(Error::Weights(format!(
                    "{path} says that the tensor '{tensor}' is in '{name}', which is not the name of a .safetensors file in its folder. An index may name no other place; take the model from its publisher."
                )));
            }
            shards.entry(name).or_default().insert(tensor);
        }
        if shards.is_empty() {
            return Err(Error::Weights(format!(
                "{path} lists no weight file. Take the model from its publisher."
            )));
        }
        let total_size = file
            .metadata
            .and_then(|metadata| metadata.get("total_size")?.as_u64());
        Ok(Self {
            path: path.to_owned(),
            total_size: total_size.unwrap_or(0),
            shards,
        })
    }

    /// Path of the index.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Bytes of all tensors by the index, or 0; used for progress only.
    pub(crate) fn total_size(&self) -> u64 {
        self.total_size
    }

    /// Path and tensors of every shard, in order.
    pub(crate) fn shards(&self) -> impl Iterator<Item = (String, &BTreeSet<String>)> {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.shards.iter().map(move |(name, tensors)| {
            let path = match folder {
                "" => name.clone(),
                folder => format!("{folder}/{name}"),
            };
            (path, tensors)
        })
    }

    /// Compares the header of a shard with the tensors that the index names.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or not listed.
    pub(crate) fn check(
        &self,
        path: &str,
        names: &BTreeSet<String>,
        header: &Header,
    ) -> Result<()> {
        let wrong = |name: &str, what: &str| {
            Err(Error::Weights(format!(
                "{path}: the tensor '{name}' {what} {}. The files are not of one model, or one is damaged; fetch them again.",
                self.path
            )))
        };
        if let Some(name) = names
            .iter()
            .find(|name| !header.tensors.contains_key(*name))
        {
            return wrong(name, "is not in it, but should be by");
        }
        match header.tensors.keys().find(|name| !names.contains(*name)) {
            Some(name) => wrong(name, "is in it, but not listed there by"),
            None => Ok(()),
        }
    }
}

/// Whether a file name cannot leave its folder, on disk or in a URL.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.ends_with(".safetensors") && !name.starts_with('.') && name.chars().all(plain)
}
