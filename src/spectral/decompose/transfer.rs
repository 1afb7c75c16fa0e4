//! Copies of tensors between host memory and the device.

use burn::tensor::{Device, Tensor, TensorData};

use crate::error::{Error, Result};

/// Copies values to the device.
pub(crate) fn upload<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Copies the values of a tensor from the device, row-major.
///
/// # Errors
/// `Device` if the device does not return them, usually for lack of memory.
pub(crate) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |error: String| {
        Error::Device(format!(
            "the device did not give a weight back ({error}). Its memory may be full: close other tabs or programs that use it, and start again."
        ))
    };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| failed(format!("{error:?}")))?;
    data.try_to_vec::<f32>()
        .map_err(|error| failed(format!("{error:?}")))
}
