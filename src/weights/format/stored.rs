//! How weights are stored on the device: as F32, or as F16, two in a word.
//!
//! Computation is in F32 in both cases. Matrices, convolution kernels and embedding tables may be
//! stored as F16; biases and norms never are. F16 values of a file are copied to the device unchanged.

use burn::tensor::{Device, Int, Tensor, TensorData};
use half::f16;

use crate::error::{Error, Result};
use crate::weights::format::dtype::{Dtype, to_f32};
use crate::weights::format::f16::{halves, pack, pack_bytes};

/// Bytes handed to the device before waiting for its queue.
const UPLOAD_WINDOW: usize = 64 << 20;

/// How frozen weights are stored. Computation is in F32 in both cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// Four bytes per value.
    #[default]
    F32,
    /// Two bytes per value.
    F16,
}

impl Stored {
    /// Bytes of `numbers` values.
    pub fn bytes(self, numbers: u64) -> u64 {
        match self {
            Self::F32 => 4 * numbers,
            Self::F16 => 2 * numbers,
        }
    }
}

/// The device of a base model, and how its matrices are stored there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The device, without autodiff.
    pub device: Device,
    /// How matrices are stored.
    pub stored: Stored,
}

impl Place {
    /// On `device` without its autodiff, because frozen weights have no gradients.
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

/// The values of a tensor on the device, flat.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// As F32.
    F32(Tensor<1>),
    /// As F16, two in each U32, the first in the lower bits. The last word of an odd number has 0 in
    /// its upper half.
    F16(Tensor<1, Int>),
}

impl From<Tensor<1>> for Numbers {
    fn from(values: Tensor<1>) -> Self {
        Self::F32(values)
    }
}

/// The values of a tensor on the host, as they will be stored.
pub(crate) enum Host {
    F32(Vec<f32>),
    F16(Vec<u32>),
}

/// Converts the bytes of a tensor to the values to store, and checks that all are finite. The caller
/// adds the file and a full stop to the error.
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
            None => Ok(Host::F16(pack_bytes(bytes))),
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

/// Copies values to the device. After every 64 MiB it waits for the queue of the device, which could
/// otherwise grow beyond its memory.
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

/// An error about the content of a file; `what` has no full stop.
pub(crate) fn with_path(path: &str, what: &dyn std::fmt::Display) -> Error {
    Error::Weights(format!("{path}: {what}."))
}
