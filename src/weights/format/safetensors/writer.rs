//! Writing files.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::weights::format::dtype::Dtype;
use crate::weights::format::safetensors::header::MAX_HEADER;

/// Writes a file: metadata sorted by key, tensors in the given order, the header padded to 8 bytes.
///
/// The bytes depend on the arguments only, so that a reader can verify its own files by writing them
/// again.
///
/// # Errors
/// `Weights` if a name is repeated or reserved, or bytes do not match type and shape.
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

/// The beginning of a file up to the end of the header, for files that are written tensor by tensor:
/// the bytes of the tensors follow in the given order.
///
/// # Errors
/// `Weights` if a name is repeated or reserved, or a size overflows 64 bits.
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
    let mut names = BTreeSet::from(["__metadata__"]);
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

/// Bytes of a tensor; `None` if they are not whole bytes or overflow 64 bits.
fn tensor_len(dtype: Dtype, shape: &[usize]) -> Option<u64> {
    let bits = shape
        .iter()
        .try_fold(dtype.bits(), |product, &n| product.checked_mul(n as u64))?;
    bits.is_multiple_of(8).then_some(bits / 8)
}
