//! The delta file.
//!
//! One safetensors file. Its tensors are sorted by name; their names and types are described in
//! [`tensor`]. F16 by default.
//!
//! The metadata entry `content_sha256` is the SHA-256 of the file without that entry. A file must
//! equal the output of [`safetensors::write`] for its content to the last byte, so padding and order
//! are covered by the hash, too: any changed byte makes the file invalid.

use std::collections::BTreeMap;

use crate::error::{Error, Result, short};
use crate::sha256::{hex_digest, is_hex_digest};
use crate::spectral::delta::metadata::DeltaMetadata;
use crate::spectral::delta::tensor::{self, as_delta};
use crate::spectral::delta::{Delta, MAX_FILE, MAX_HEADER, MAX_LAYERS};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::{Dtype, Header, HeaderFault};

const FORMAT: &str = "deltabooth";
const VERSION: u64 = 1;
const FORMAT_KEY: &str = "deltabooth.format";
const VERSION_KEY: &str = "deltabooth.version";
const HASH_KEY: &str = "content_sha256";

type Tensors = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

impl Delta {
    /// The delta as a file, with shifts rounded to F16.
    ///
    /// # Errors
    /// `Delta` if the content violates a rule of the format, or a value exceeds the range of F16.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_bytes_as(Dtype::F16)
    }

    /// The delta as a file, with shifts as F16, BF16 or F32.
    ///
    /// # Errors
    /// Those of [`Delta::to_bytes`].
    pub fn to_bytes_as(&self, dtype: Dtype) -> Result<Vec<u8>> {
        let mut tensors = BTreeMap::new();
        for (model, set) in [("unet", &self.unet), ("text_encoder", &self.text_encoder)] {
            for (path, shift) in set.iter() {
                let (name, bytes) = tensor::write(model, path, shift, dtype)?;
                tensors.insert(name, (dtype, vec![shift.delta.len()], bytes));
            }
        }
        let tensors: Tensors = tensors
            .into_iter()
            .map(|(name, (d, s, b))| (name, d, s, b))
            .collect();
        if tensors.is_empty() || tensors.len() > MAX_LAYERS {
            return Err(Error::Delta(format!(
                "A delta has 1 to {MAX_LAYERS} layers, this one has {}.",
                tensors.len()
            )));
        }
        let mut entries = self.metadata.to_entries()?;
        entries.insert(FORMAT_KEY.into(), FORMAT.into());
        entries.insert(VERSION_KEY.into(), VERSION.to_string());
        let hash = hex_digest(&safetensors::write(&tensors, &entries).map_err(as_delta)?);
        entries.insert(HASH_KEY.into(), hash);
        let file = safetensors::write(&tensors, &entries).map_err(as_delta)?;
        if file.len() > MAX_FILE {
            return Err(too_large(file.len()));
        }
        Ok(file)
    }

    /// Reads and validates a file. Does not panic on any input.
    ///
    /// # Errors
    /// `Delta` if the file is not a safetensors file, truncated, damaged, of a newer version, of
    /// another kind, or over a limit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let header = open(bytes)?;
        check_hash(bytes, &header)?;
        Self::read(bytes, &header)
    }

    /// [`Delta::from_bytes`] without the check of the hash, for tests and fuzzers of the parser.
    #[doc(hidden)]
    pub fn parse_without_hash(bytes: &[u8]) -> Result<Self> {
        let header = open(bytes)?;
        Self::read(bytes, &header)
    }

    /// The content hash of a file, by which a combined delta names its
    /// [`Parent`](crate::spectral::delta::Parent).
    ///
    /// # Errors
    /// `Delta` if the bytes are not a valid delta file.
    pub fn content_sha256(bytes: &[u8]) -> Result<String> {
        check_hash(bytes, &open(bytes)?)
    }

    fn read(bytes: &[u8], header: &Header) -> Result<Self> {
        let mut delta = Self {
            metadata: DeltaMetadata::from_entries(&header.metadata)?,
            ..Self::default()
        };
        if header.tensors.is_empty() || header.tensors.len() > MAX_LAYERS {
            return Err(Error::Delta(format!(
                "The delta has {} layers; 1 to {MAX_LAYERS} are possible. Ask its author for another.",
                header.tensors.len()
            )));
        }
        for (name, info) in &header.tensors {
            let (model, path, shift) =
                tensor::read(name, info.dtype, &info.shape, data(bytes, header, info)?)?;
            let set = if model == "unet" {
                &mut delta.unet
            } else {
                &mut delta.text_encoder
            };
            if set.entries.insert(path.to_owned(), shift).is_some() {
                return Err(tensor::invalid(name, "the layer has two shifts"));
            }
        }
        Ok(delta)
    }
}

/// Parses the header and checks everything except the hash: size, container, kind and version.
fn open(bytes: &[u8]) -> Result<Header> {
    if bytes.len() > MAX_FILE {
        return Err(too_large(bytes.len()));
    }
    let file_len = bytes.len() as u64;
    let header_len = safetensors::length(bytes, Some(file_len)).map_err(refused)?;
    if header_len > MAX_HEADER {
        return Err(Error::Delta(format!(
            "The file's header has {header_len} bytes, at most {MAX_HEADER} are possible: this is not a delta of this program, or it is damaged."
        )));
    }
    let header = Header::inspect(bytes, Some(file_len)).map_err(refused)?;
    match header.metadata.get(FORMAT_KEY).map(String::as_str) {
        Some(FORMAT) => {}
        _ => return Err(other_kind(&header)),
    }
    match header
        .metadata
        .get(VERSION_KEY)
        .and_then(|version| version.parse::<u64>().ok())
    {
        Some(VERSION) => Ok(header),
        Some(newer) if newer > VERSION => Err(Error::Delta(format!(
            "This delta has format version {newer}; this program reads up to {VERSION}. Reload the page, or install the newest version, and open it again."
        ))),
        _ => Err(damaged("its format version cannot be read")),
    }
}

/// The content hash of the file, after comparing it with the content.
fn check_hash(bytes: &[u8], header: &Header) -> Result<String> {
    let mut entries = header.metadata.clone();
    let Some(said) = entries
        .get(HASH_KEY)
        .filter(|hash| is_hex_digest(hash))
        .cloned()
    else {
        return Err(damaged("it carries no content hash"));
    };
    let mut tensors = Tensors::with_capacity(header.tensors.len());
    for (name, info) in &header.tensors {
        tensors.push((
            name.clone(),
            info.dtype,
            info.shape.clone(),
            data(bytes, header, info)?.to_vec(),
        ));
    }
    if safetensors::write(&tensors, &entries).map_err(as_delta)? != bytes {
        return Err(damaged(
            "its bytes are not in the one order that the format has",
        ));
    }
    entries.remove(HASH_KEY);
    let found = hex_digest(&safetensors::write(&tensors, &entries).map_err(as_delta)?);
    if found != said {
        return Err(damaged(&format!(
            "its content has the hash {}, but should have {}",
            short(&found),
            short(&said)
        )));
    }
    Ok(said)
}

/// The bytes of a tensor.
fn data<'a>(bytes: &'a [u8], header: &Header, info: &safetensors::TensorInfo) -> Result<&'a [u8]> {
    let at = |offset: u64| usize::try_from(header.data_start + offset).ok();
    let range = at(info.start).zip(at(info.end));
    range
        .and_then(|(start, end)| bytes.get(start..end))
        .ok_or_else(|| damaged("it ends early"))
}

fn refused(fault: HeaderFault) -> Error {
    match fault {
        HeaderFault::NotSafetensors(what) => Error::Delta(format!(
            "This is not a delta: {what}. Choose a .safetensors file that this program made."
        )),
        HeaderFault::Truncated(what) => Error::Delta(format!(
            "This delta was cut short: {what}. It was not downloaded or copied to its end; fetch it again."
        )),
        HeaderFault::Damaged(what) => damaged(&what),
    }
}

fn damaged(what: &str) -> Error {
    Error::Delta(format!(
        "This delta is damaged: {what}. Nothing of it was used; fetch it again from where it came."
    ))
}

fn too_large(length: usize) -> Error {
    Error::Delta(format!(
        "The file has {length} bytes; a delta has at most {MAX_FILE}. This is probably a whole model: choose the delta that belongs to it."
    ))
}

/// The error for a safetensors file of another kind, with the most likely kind.
fn other_kind(header: &Header) -> Error {
    let any = |test: fn(&str) -> bool| header.tensors.keys().any(|name| test(name));
    let what = if any(|name| name.contains("lora_") || name.contains(".lora.")) {
        "a LoRA"
    } else if any(|name| name.ends_with(".delta")) {
        "a delta of svdiff-pytorch"
    } else if any(|name| name.ends_with(".weight")) {
        "a model's weights"
    } else {
        "a safetensors file of another kind"
    };
    Error::Delta(format!(
        "This is {what}, not a delta of this program. Choose a .safetensors file that this program made."
    ))
}
