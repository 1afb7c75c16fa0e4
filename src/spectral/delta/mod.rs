//! The delta file: what a person downloads after training and hands on.
//!
//! One safetensors file. Layers stand by their path under `unet.` or `text_encoder.`, sorted by
//! name; a shift of singular values ends in `.delta` (scalar shifts of norms too, as in
//! svdiff-pytorch), a full-length shift of a norm in `.shift`. F16 unless asked otherwise.
//!
//! `content_sha256` is the SHA-256 of the whole file as it would be without that entry. A file must
//! also be exactly what [`safetensors::write`] makes of its contents, so nothing in it, padding and
//! order included, is outside the hash: whatever byte changes, the file is refused.

pub mod combine;
pub mod import;
pub mod link_payload;
pub mod svdiff_pytorch;

mod metadata;

use std::collections::BTreeMap;

use super::shift::{Shift, ShiftKind, ShiftSet};
use crate::error::{Error, Result, WrongBaseModel, short};
use crate::sha256::{hex_digest, is_hex_digest};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::{Dtype, Header, HeaderFault};

pub use crate::spectral::delta::metadata::{
    Combination, CombinationKind, DeltaMetadata, Parent, Subject,
};

/// The largest delta file, in bytes.
pub const MAX_FILE: usize = 64 << 20;
/// The longest header of a delta file, in bytes.
pub const MAX_HEADER: u64 = 8 << 20;
/// The most layers; Stable Diffusion XL with both text encoders has fewer.
pub const MAX_LAYERS: usize = 8_192;
/// The longest name of a tensor, in bytes.
pub const MAX_NAME: usize = 256;

const FORMAT: &str = "deltabooth";
const VERSION: u64 = 1;
const FORMAT_KEY: &str = "deltabooth.format";
const VERSION_KEY: &str = "deltabooth.version";
const HASH_KEY: &str = "content_sha256";

type Tensors = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

/// A delta: shifts of a UNet and of a text encoder, and what they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delta {
    /// What the file says of itself.
    pub metadata: DeltaMetadata,
    /// Shifts of the UNet.
    pub unet: ShiftSet,
    /// Shifts of the text encoder; empty if it was frozen.
    pub text_encoder: ShiftSet,
}

impl Delta {
    /// The file, in F16: what is read back is rounded to 11 significant bits.
    ///
    /// # Errors
    /// `Delta` if the contents break a rule of the format, or a number does not fit F16.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_bytes_as(Dtype::F16)
    }

    /// The file, in F16, BF16 or F32.
    ///
    /// # Errors
    /// As [`Delta::to_bytes`].
    pub fn to_bytes_as(&self, dtype: Dtype) -> Result<Vec<u8>> {
        let mut tensors = BTreeMap::new();
        for (model, set) in [("unet", &self.unet), ("text_encoder", &self.text_encoder)] {
            for (path, shift) in set.iter() {
                let suffix = if shift.kind == ShiftKind::NormFull {
                    "shift"
                } else {
                    "delta"
                };
                let name = format!("{model}.{path}.{suffix}");
                let bytes = safetensors::from_f32(dtype, &shift.delta).map_err(as_delta)?;
                let (_, read_path, read) = layer(&name, dtype, &[shift.delta.len()], &bytes)?;
                if read_path != path || read.kind != shift.kind {
                    return Err(unwritable(
                        &name,
                        &format!("a {:?} shift cannot have this name", shift.kind),
                    ));
                }
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

    /// Reads and checks a file; it never panics, whatever the bytes.
    ///
    /// # Errors
    /// `Delta`, with what is wrong: no safetensors file, cut short, damaged, from a newer program,
    /// another kind of file, or over a limit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let header = open(bytes)?;
        check_hash(bytes, &header)?;
        Self::read(bytes, &header)
    }

    /// [`Delta::from_bytes`] without the hash, so that tests and fuzzers reach what lies behind it.
    #[doc(hidden)]
    pub fn parse_without_hash(bytes: &[u8]) -> Result<Self> {
        let header = open(bytes)?;
        Self::read(bytes, &header)
    }

    /// The hash that names this file in another's [`Parent`] list.
    ///
    /// # Errors
    /// `Delta` if this is not a delta file.
    pub fn content_sha256(bytes: &[u8]) -> Result<String> {
        check_hash(bytes, &open(bytes)?)
    }

    /// Whether this delta was made for the base with this fingerprint.
    ///
    /// # Errors
    /// `WrongBaseModel` if it was made for another.
    pub fn check_base(&self, base_hash: &str) -> Result<()> {
        let made_for = &self.metadata.base_sha256;
        if made_for == base_hash {
            return Ok(());
        }
        Err(Error::WrongBaseModel(WrongBaseModel {
            base_id: self.metadata.base_id.clone(),
            expected: made_for.clone(),
            found: base_hash.to_owned(),
        }))
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
                layer(name, info.dtype, &info.shape, data(bytes, header, info)?)?;
            let set = if model == "unet" {
                &mut delta.unet
            } else {
                &mut delta.text_encoder
            };
            if set.entries.insert(path.to_owned(), shift).is_some() {
                return Err(unwritable(name, "the layer has two shifts"));
            }
        }
        Ok(delta)
    }
}

/// Checks all that does not need the hash: size, container, kind of file, version.
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

/// Gives back the hash that the file carries, if it is the right one.
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

/// The bytes of a tensor; the header was checked, so they are there.
fn data<'a>(bytes: &'a [u8], header: &Header, info: &safetensors::TensorInfo) -> Result<&'a [u8]> {
    let at = |offset: u64| usize::try_from(header.data_start + offset).ok();
    let range = at(info.start).zip(at(info.end));
    range
        .and_then(|(start, end)| bytes.get(start..end))
        .ok_or_else(|| damaged("it ends early"))
}

/// A tensor's name, type and bytes to model, path and shift: the rules for reading and for writing.
fn layer<'a>(
    name: &'a str,
    dtype: Dtype,
    shape: &[usize],
    bytes: &[u8],
) -> Result<(&'a str, &'a str, Shift)> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    if name.len() > MAX_NAME || !name.bytes().all(plain) {
        return Err(unwritable(
            name,
            "letters, digits, '_' and '.' are possible, at most 256",
        ));
    }
    let models = ["unet", "text_encoder"];
    let model = models.into_iter().find_map(|model| {
        let path = name.strip_prefix(model)?.strip_prefix('.')?;
        let (path, suffix) = path.rsplit_once('.')?;
        (!path.is_empty()).then_some((&name[..model.len()], path, suffix))
    });
    let Some((model, path, suffix)) = model else {
        return Err(unwritable(
            name,
            "it must begin with 'unet.' or 'text_encoder.' and a layer's path",
        ));
    };
    let is_norm = path
        .rsplit('.')
        .next()
        .is_some_and(|last| last.contains("norm"));
    let kind = match (suffix, is_norm) {
        ("delta", false) => ShiftKind::Spectral,
        ("delta", true) => ShiftKind::NormScalar,
        ("shift", true) => ShiftKind::NormFull,
        _ => {
            return Err(unwritable(
                name,
                "it must end in '.delta', or in '.shift' for a norm",
            ));
        }
    };
    let [length] = shape else {
        return Err(unwritable(
            name,
            &format!("a shift has one dimension, this has {}", shape.len()),
        ));
    };
    if *length == 0 || (kind == ShiftKind::NormScalar && *length != 1) {
        return Err(unwritable(name, &format!("it has {length} numbers")));
    }
    let delta = safetensors::to_f32(dtype, bytes).map_err(as_delta)?;
    match delta.iter().find(|value| !value.is_finite()) {
        None => Ok((model, path, Shift { kind, delta })),
        Some(value) => Err(unwritable(
            name,
            &format!("it holds {value}, so the training that made it failed"),
        )),
    }
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

fn unwritable(name: &str, what: &str) -> Error {
    let name: String = name.chars().take(MAX_NAME).collect();
    Error::Delta(format!(
        "The delta's tensor '{name}' is none that this format has: {what}. Ask its author for another."
    ))
}

fn as_delta(error: Error) -> Error {
    Error::Delta(format!("The delta cannot be used: {error}"))
}

/// Says what a safetensors file without our mark most likely is.
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
