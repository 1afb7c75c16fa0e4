//! How a base's numbers are kept on the device: as F32, or as halves, two in a word.
//!
//! What is computed with is F32 in any case; matrices, kernels of convolutions and embedding tables
//! may be kept as halves, biases and norms never are. A file of halves goes to the device as it is.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use half::f16;

use crate::error::{Error, Result};
use crate::weights::format::dtype::{Dtype, to_f32};

/// Bytes handed to the device before its queue is waited for.
const UPLOAD_WINDOW: usize = 64 << 20;

/// How numbers that do not change are stored. What is computed with is F32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// Four bytes.
    #[default]
    F32,
    /// Two bytes.
    F16,
}

impl Stored {
    /// Bytes that so many numbers take.
    pub fn bytes(self, numbers: u64) -> u64 {
        match self {
            Self::F32 => 4 * numbers,
            Self::F16 => 2 * numbers,
        }
    }
}

/// Where a base is put, and how its matrices are stored there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The device, without autodiff.
    pub device: Device,
    /// How matrices are stored.
    pub stored: Stored,
}

impl Place {
    /// On `device`, whose autodiff is left out, so that what is frozen stays constant.
    pub fn new(device: &Device, stored: Stored) -> Self {
        Self {
            device: device.clone().inner(),
            stored,
        }
    }
}

impl From<&Device> for Place {
    /// As F32.
    fn from(device: &Device) -> Self {
        Self::new(device, Stored::F32)
    }
}

/// A tensor's numbers on the device, flat.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// As they are computed with.
    F32(Tensor<1>),
    /// As halves, two in each U32, the first in the lower bits. A last one without a partner has 0
    /// beside it.
    F16(Tensor<1, Int>),
}

impl From<Tensor<1>> for Numbers {
    fn from(values: Tensor<1>) -> Self {
        Self::F32(values)
    }
}

/// A tensor's numbers on their way to the device.
pub(crate) enum Host {
    F32(Vec<f32>),
    F16(Vec<u32>),
}

/// A tensor's numbers, all finite, as they are to be stored; the message has no full stop, the
/// caller adds file and stop.
pub(crate) fn convert(
    name: &str,
    dtype: Dtype,
    shape: &[usize],
    bytes: &[u8],
    stored: Stored,
) -> Result<Host, String> {
    if bytes.is_empty() {
        return Err(format!(
            "the tensor '{name}' is empty; the file is damaged. Fetch it again"
        ));
    }
    let halves = stored == Stored::F16 && shape.len() > 1;
    if halves && dtype == Dtype::F16 {
        return match bytes
            .as_chunks()
            .0
            .iter()
            .map(|&half| f16::from_le_bytes(half))
            .enumerate()
            .find(|(_, half)| !half.is_finite())
        {
            None => Ok(Host::F16(words(bytes))),
            Some((at, half)) => Err(no_number(name, at, half.to_f32())),
        };
    }
    let values = to_f32(dtype, bytes).map_err(|error| {
        format!(
            "the tensor '{name}': {}",
            error.to_string().trim_end_matches('.')
        )
    })?;
    if let Some((at, value)) = values.iter().enumerate().find(|(_, x)| !x.is_finite()) {
        return Err(no_number(name, at, *value));
    }
    if !halves {
        return Ok(Host::F32(values));
    }
    if let Some((at, value)) = values
        .iter()
        .enumerate()
        .find(|(_, x)| !f16::from_f32(**x).is_finite())
    {
        return Err(format!(
            "the tensor '{name}' holds {value} at {at}, but F16 ends at 65504. Load this base with its weights stored as F32"
        ));
    }
    Ok(Host::F16(pack(&values)))
}

fn no_number(name: &str, at: usize, value: f32) -> String {
    format!(
        "the tensor '{name}' holds {value} at {at}; such weights make no pictures. The file is damaged or was saved by a failed training; fetch it again"
    )
}

/// Little-endian halves, two by two.
fn words(bytes: &[u8]) -> Vec<u32> {
    let (pairs, rest) = bytes.as_chunks();
    let mut words: Vec<u32> = Vec::with_capacity(bytes.len().div_ceil(4));
    words.extend(pairs.iter().map(|&pair| u32::from_le_bytes(pair)));
    if let &[low, high] = rest {
        words.push(u32::from(u16::from_le_bytes([low, high])));
    }
    words
}

/// Numbers rounded to halves, to nearest, ties to even; two by two.
pub(crate) fn pack(values: &[f32]) -> Vec<u32> {
    let half = |value: f32| u32::from(f16::from_f32(value).to_bits());
    let pair = |pair: &[f32]| match *pair {
        [low, high] => half(low) | half(high) << 16,
        [low] => half(low),
        _ => 0,
    };
    values.chunks(2).map(pair).collect()
}

/// Words of halves to the device.
pub(crate) fn halves(words: Vec<u32>, device: &Device) -> Tensor<1, Int> {
    let shape = [words.len()];
    Tensor::from_data(TensorData::new(words, shape), (device, DType::U32))
}

/// Puts numbers onto the device; now and then it waits until the queue is empty, because a GPU's
/// queue takes more than memory holds.
pub(crate) async fn upload(
    numbers: Host,
    device: &Device,
    uploaded: &mut usize,
) -> Result<Numbers> {
    let (numbers, bytes) = match numbers {
        Host::F32(values) => {
            let (shape, bytes) = ([values.len()], 4 * values.len());
            let values = Tensor::<1>::from_data(TensorData::new(values, shape), device);
            (Numbers::F32(values), bytes)
        }
        Host::F16(words) => {
            let bytes = 4 * words.len();
            (Numbers::F16(halves(words, device)), bytes)
        }
    };
    *uploaded += bytes;
    if *uploaded >= UPLOAD_WINDOW {
        *uploaded = 0;
        let read = match &numbers {
            Numbers::F32(values) => values.clone().narrow(0, 0, 1).into_data_async().await,
            Numbers::F16(words) => words.clone().narrow(0, 0, 1).into_data_async().await,
        };
        read.map_err(|error| {
            Error::Device(format!("The device lost a tensor while the base was loading ({error:?}). It is probably out of memory; close other programs that use it and try again."))
        })?;
    }
    Ok(numbers)
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
