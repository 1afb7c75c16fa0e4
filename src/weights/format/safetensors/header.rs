//! The header: its length, its JSON, and the rules that it must follow.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::weights::format::dtype::Dtype;
use crate::weights::format::strict_json::{RawHeader, RawTensor};

/// The longest header in bytes that readers accept.
pub const MAX_HEADER: u64 = 100_000_000;
/// The most dimensions of a tensor; the models have at most four.
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

/// Type, shape and place of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Type of its values.
    pub dtype: Dtype,
    /// Length of each dimension, outermost first.
    pub shape: Vec<usize>,
    /// First byte, counted from the end of the header.
    pub start: u64,
    /// One past the last byte, counted likewise.
    pub end: u64,
}

/// A valid header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Tensors by name.
    pub tensors: BTreeMap<String, TensorInfo>,
    /// Free text by key (`__metadata__`).
    pub metadata: BTreeMap<String, String>,
    /// Offset of the first byte of tensor data in the file.
    pub data_start: u64,
}

/// Reads the length of the header in bytes from the first eight bytes of a file.
///
/// # Errors
/// `Weights` if the file is too short, too long a header is promised, or this is another format.
pub fn header_len(first8: &[u8], file_len: u64) -> Result<u64> {
    Ok(length(first8, Some(file_len))?)
}

/// As [`header_len`]; without `file_len` the end of the file is not checked, for streams.
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

/// Recognises what PyTorch writes to `.ckpt`, `.pt` and `.bin`: a zip archive around a pickle, or in
/// old versions the pickle itself. Only called for lengths that no header has, because some valid
/// lengths, such as 640, begin like a pickle.
fn pickle(first8: &[u8; 8]) -> Option<&'static str> {
    match first8 {
        [b'P', b'K', 3, 4, ..] => Some("a pickle of PyTorch (.ckpt, .pt or .bin) in a zip archive"),
        [0x80, 2..=5, ..] => Some("a pickle of PyTorch (.ckpt, .pt or .bin)"),
        _ => None,
    }
}

impl Header {
    /// Reads and validates a header; `prefix` is the beginning of the file up to the end of the header.
    ///
    /// # Errors
    /// `Weights`, naming the rule that is broken.
    pub fn parse(prefix: &[u8], file_len: u64) -> Result<Self> {
        Ok(Self::inspect(prefix, Some(file_len))?)
    }

    /// As [`Header::parse`], with a typed error; without `file_len` the end is not checked.
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

    /// Names and places of the tensors, in the order of their bytes.
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

/// Checks that sizes match shapes, and that the ranges cover the data once and without holes.
fn checked(raw: BTreeMap<String, RawTensor>) -> Result<BTreeMap<String, TensorInfo>, HeaderFault> {
    let mut tensors = BTreeMap::new();
    let mut ranges = Vec::with_capacity(raw.len());
    for (name, tensor) in raw {
        let info = checked_tensor(&name, &tensor)?;
        ranges.push((info.start, info.end, name.clone()));
        tensors.insert(name, info);
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
            return Err(damaged_tensor(&name, what));
        }
        expected = end;
    }
    Ok(tensors)
}

fn checked_tensor(name: &str, raw: &RawTensor) -> Result<TensorInfo, HeaderFault> {
    let Some(dtype) = Dtype::from_name(&raw.dtype) else {
        let what = format!("has the unknown type '{}'", raw.dtype);
        return Err(damaged_tensor(name, &what));
    };
    let bits = raw
        .shape
        .iter()
        .try_fold(dtype.bits(), |product, &n| product.checked_mul(n));
    let shape = raw.shape.iter().map(|&n| usize::try_from(n).ok());
    let (Some(bits), Some(shape)) = (bits, shape.collect::<Option<Vec<usize>>>()) else {
        return Err(damaged_tensor(
            name,
            "is larger than anything that can be counted",
        ));
    };
    if shape.len() > MAX_RANK {
        let what = format!("has {} dimensions", shape.len());
        return Err(damaged_tensor(name, &what));
    }
    let [start, end] = raw.data_offsets;
    let Some(bytes) = end.checked_sub(start) else {
        let what = format!("ends at {end} before it starts at {start}");
        return Err(damaged_tensor(name, &what));
    };
    if bits % 8 != 0 || bits / 8 != bytes {
        let what = format!(
            "has {bytes} bytes, which does not fit {} of shape {shape:?}",
            dtype.name()
        );
        return Err(damaged_tensor(name, &what));
    }
    Ok(TensorInfo {
        dtype,
        shape,
        start,
        end,
    })
}

fn damaged_tensor(name: &str, what: &str) -> HeaderFault {
    HeaderFault::Damaged(format!("the tensor '{name}' {what}"))
}
