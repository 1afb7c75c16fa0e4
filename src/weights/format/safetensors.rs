//! The safetensors container: header, rules, writer.
//!
//! ```text
//! 8 bytes   little-endian length n of the header, at most 100,000,000
//! n bytes   UTF-8 JSON, begins with '{':
//!           {"__metadata__": {"key": "text"}, "name": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}
//! the rest  the tensors' bytes, little-endian, row-major
//! ```
//!
//! Everything counts in `u64`, also on wasm32, where the reference reader counts bits in `usize` and
//! so refuses tensors of 512 MiB. Rules: <https://github.com/huggingface/safetensors#format>.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
pub use crate::weights::format::dtype::{Dtype, from_f32, to_f32};
use crate::weights::format::strict_json::{RawHeader, RawTensor};

/// The longest header, in bytes, that any reader accepts.
pub const MAX_HEADER: u64 = 100_000_000;
/// The most dimensions of a tensor; no model here has more than four.
const MAX_RANK: usize = 8;

/// Why a header was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The file does not begin as a safetensors file does.
    #[error("this is not a safetensors file: {0}")]
    NotSafetensors(String),
    /// The file is shorter than its header says.
    #[error("the file ends early: {0}. It was not copied or downloaded to its end; fetch it again")]
    Truncated(String),
    /// The header breaks a rule of the format.
    #[error("the file is damaged: {0}. Fetch it again")]
    Damaged(String),
}

impl From<HeaderFault> for Error {
    fn from(fault: HeaderFault) -> Self {
        Self::Weights(format!("{fault}."))
    }
}

/// Where one tensor is and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Kind of number.
    pub dtype: Dtype,
    /// Length of each dimension, outermost first.
    pub shape: Vec<usize>,
    /// First byte, counted from the end of the header.
    pub start: u64,
    /// One past the last byte, counted likewise.
    pub end: u64,
}

/// A header that holds to all rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Tensors by name.
    pub tensors: BTreeMap<String, TensorInfo>,
    /// Free text by key (`__metadata__`).
    pub metadata: BTreeMap<String, String>,
    /// Where the tensors' bytes begin in the file.
    pub data_start: u64,
}

/// Reads the length of the header, in bytes, from the first eight bytes of a file.
///
/// # Errors
/// `Weights` if the file is too short, too long a header is promised, or this is another format.
pub fn header_len(first8: &[u8], file_len: u64) -> Result<u64> {
    Ok(length(first8, Some(file_len))?)
}

/// As [`header_len`]; without `file_len` the file's end is not checked (a stream has none yet).
pub(crate) fn length(first8: &[u8], file_len: Option<u64>) -> Result<u64, HeaderFault> {
    let Some(first8) = first8.first_chunk::<8>() else {
        return Err(HeaderFault::Truncated(format!(
            "it has {} bytes",
            first8.len()
        )));
    };
    if first8.starts_with(b"<") {
        return Err(HeaderFault::NotSafetensors(
            "it is a web page, probably an error page that was saved in its place".into(),
        ));
    }
    if first8 == b"version " {
        return Err(HeaderFault::NotSafetensors(
            "it is a Git LFS pointer; run 'git lfs pull' in its folder".into(),
        ));
    }
    let length = u64::from_le_bytes(*first8);
    if !(2..=MAX_HEADER).contains(&length) {
        if let Some(what) = pickle(first8) {
            return Err(HeaderFault::NotSafetensors(format!(
                "it is {what}. Such a file is a program that runs when it is opened, and it can do anything, so it is never opened here. Take the .safetensors version of the model, which most publishers have beside it, or convert it where you trust it"
            )));
        }
        return Err(HeaderFault::NotSafetensors(format!(
            "its header would have {length} bytes (2 to {MAX_HEADER} are possible)"
        )));
    }
    match file_len {
        Some(file_len) if length + 8 > file_len => Err(HeaderFault::Truncated(format!(
            "its header needs {} bytes, the file has {file_len}",
            length + 8
        ))),
        _ => Ok(length),
    }
}

/// What PyTorch writes without safetensors (`.ckpt`, `.pt`, `.bin`), by its first bytes: a zip
/// archive around a pickle, or in old versions the pickle itself. Only for a length that no header
/// has: 640, for one, begins like a pickle.
fn pickle(first8: &[u8; 8]) -> Option<&'static str> {
    match first8 {
        [b'P', b'K', 3, 4, ..] => Some("a pickle of PyTorch (.ckpt, .pt or .bin) in a zip archive"),
        [0x80, 2..=5, ..] => Some("a pickle of PyTorch (.ckpt, .pt or .bin)"),
        _ => None,
    }
}

impl Header {
    /// Reads and checks a header; `prefix` is the file's beginning, header included.
    ///
    /// # Errors
    /// `Weights`, with the rule that is broken.
    pub fn parse(prefix: &[u8], file_len: u64) -> Result<Self> {
        Ok(Self::inspect(prefix, Some(file_len))?)
    }

    /// As [`Header::parse`], with the kind of fault; without `file_len` the end is not checked.
    pub(crate) fn inspect(prefix: &[u8], file_len: Option<u64>) -> Result<Self, HeaderFault> {
        let data_start = length(prefix, file_len)? + 8;
        let json = usize::try_from(data_start)
            .ok()
            .and_then(|end| prefix.get(8..end));
        let Some(json) = json else {
            return Err(HeaderFault::Truncated("its header is not complete".into()));
        };
        if json.first() != Some(&b'{') {
            return Err(HeaderFault::NotSafetensors(
                "its header does not begin with '{'".into(),
            ));
        }
        let json = std::str::from_utf8(json)
            .map_err(|error| HeaderFault::Damaged(format!("its header is not UTF-8 ({error})")))?;
        let raw: RawHeader = serde_json::from_str(json).map_err(|error| {
            HeaderFault::Damaged(format!("its header cannot be read ({error})"))
        })?;
        let header = Self {
            tensors: checked(raw.tensors)?,
            metadata: raw.metadata,
            data_start,
        };
        let (needed, data) = (
            header.data_len(),
            file_len.map(|length| length - data_start),
        );
        match data {
            Some(data) if data < needed => Err(HeaderFault::Truncated(format!(
                "its tensors need {needed} bytes, {data} are there"
            ))),
            Some(data) if data > needed => Err(HeaderFault::Damaged(format!(
                "{} bytes follow after the last tensor",
                data - needed
            ))),
            _ => Ok(header),
        }
    }

    /// Bytes of all tensors together.
    pub fn data_len(&self) -> u64 {
        self.tensors
            .values()
            .map(|tensor| tensor.end)
            .max()
            .unwrap_or(0)
    }

    /// Names and places of the tensors in the order of their bytes.
    pub fn in_order(&self) -> Vec<(&str, &TensorInfo)> {
        let mut order: Vec<_> = self
            .tensors
            .iter()
            .map(|(name, t)| (name.as_str(), t))
            .collect();
        order.sort_by_key(|(_, tensor)| (tensor.start, tensor.end));
        order
    }
}

/// Sizes agree with shapes, and the ranges cover the data once, without holes.
fn checked(raw: BTreeMap<String, RawTensor>) -> Result<BTreeMap<String, TensorInfo>, HeaderFault> {
    let fault =
        |name: &str, what: String| Err(HeaderFault::Damaged(format!("the tensor '{name}' {what}")));
    let mut tensors = BTreeMap::new();
    let mut ranges = Vec::with_capacity(raw.len());
    for (
        name,
        RawTensor {
            dtype,
            shape,
            data_offsets: [start, end],
        },
    ) in raw
    {
        let Some(dtype) = Dtype::from_name(&dtype) else {
            return fault(&name, format!("has the unknown type '{dtype}'"));
        };
        let bits = shape
            .iter()
            .try_fold(dtype.bits(), |product, &n| product.checked_mul(n));
        let shape: Option<Vec<usize>> = shape.iter().map(|&n| usize::try_from(n).ok()).collect();
        let (Some(bits), Some(shape)) = (bits, shape) else {
            return fault(&name, "is larger than anything that can be counted".into());
        };
        if shape.len() > MAX_RANK {
            return fault(&name, format!("has {} dimensions", shape.len()));
        }
        let Some(bytes) = end.checked_sub(start) else {
            return fault(&name, format!("ends at {end} before it starts at {start}"));
        };
        if bits % 8 != 0 || bits / 8 != bytes {
            return fault(
                &name,
                format!(
                    "has {bytes} bytes, which does not fit {} of shape {shape:?}",
                    dtype.name()
                ),
            );
        }
        ranges.push((start, end, name.clone()));
        tensors.insert(
            name,
            TensorInfo {
                dtype,
                shape,
                start,
                end,
            },
        );
    }
    ranges.sort();
    let mut expected = 0;
    for (start, end, name) in ranges {
        if start != expected {
            let what = if start > expected {
                "leaves a hole before it"
            } else {
                "overlaps another"
            };
            return fault(&name, what.into());
        }
        expected = end;
    }
    Ok(tensors)
}

/// One file: metadata sorted by key, tensors in the order given, the header padded to 8 bytes.
///
/// The bytes follow from the arguments alone, so that a reader can tell its own files by writing
/// them again.
///
/// # Errors
/// `Weights` if a name stands twice or is reserved, or bytes do not fit type and shape.
pub fn write(
    tensors: &[(String, Dtype, Vec<usize>, Vec<u8>)],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    for (name, dtype, shape, bytes) in tensors {
        if tensor_len(*dtype, shape) != Some(bytes.len() as u64) {
            return Err(Error::Weights(format!(
                "the tensor '{name}' has {} bytes, which does not fit {} of shape {shape:?}.",
                bytes.len(),
                dtype.name()
            )));
        }
    }
    let entries: Vec<_> = tensors
        .iter()
        .map(|(name, dtype, shape, _)| (name.as_str(), *dtype, shape.as_slice()))
        .collect();
    let mut file = write_header(&entries, metadata)?;
    for (_, _, _, bytes) in tensors {
        file.extend(bytes);
    }
    Ok(file)
}

/// What a file begins with; the tensors' bytes follow in the order given, for files that are
/// written tensor by tensor.
///
/// # Errors
/// `Weights` if a name stands twice or is reserved, or a tensor is larger than can be counted.
pub fn write_header(
    tensors: &[(&str, Dtype, &[usize])],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut entries = Vec::with_capacity(tensors.len() + 1);
    if !metadata.is_empty() {
        let texts: Vec<_> = metadata
            .iter()
            .map(|(k, v)| format!("{}:{}", quoted(k), quoted(v)))
            .collect();
        entries.push(format!("\"__metadata__\":{{{}}}", texts.join(",")));
    }
    let mut names = std::collections::BTreeSet::from(["__metadata__"]);
    let mut start = 0_u64;
    for &(name, dtype, shape) in tensors {
        if !names.insert(name) {
            return Err(Error::Weights(format!(
                "the name '{name}' is taken; every tensor needs its own."
            )));
        }
        let end = tensor_len(dtype, shape).and_then(|length| start.checked_add(length));
        let Some(end) = end else {
            return Err(Error::Weights(format!(
                "the tensor '{name}' of shape {shape:?} is larger than anything that can be counted."
            )));
        };
        let shape: Vec<_> = shape.iter().map(ToString::to_string).collect();
        entries.push(format!(
            "{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}",
            quoted(name),
            dtype.name(),
            shape.join(",")
        ));
        start = end;
    }
    let mut header = format!("{{{}}}", entries.join(","));
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    if header.len() as u64 > MAX_HEADER {
        return Err(Error::Weights(format!(
            "a header of {} bytes is too long.",
            header.len()
        )));
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    Ok(bytes)
}

/// Bytes of a tensor, if they are whole bytes and can be counted.
fn tensor_len(dtype: Dtype, shape: &[usize]) -> Option<u64> {
    let bits = shape
        .iter()
        .try_fold(dtype.bits(), |product, &n| product.checked_mul(n as u64))?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

#[cfg(test)]
#[path = "safetensors_tests.rs"]
mod tests;
