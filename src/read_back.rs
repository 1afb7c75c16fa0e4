//! Reading tensors from their device.

use burn::tensor::Tensor;

use crate::error::{Error, Result};

/// The F32 elements of `tensor`, row-major. Waits for the device without blocking the thread.
///
/// # Errors
/// `Device`, with the message that `message` makes from the reason, if the device was lost or is
/// out of memory.
pub(crate) async fn read_back<const D: usize>(
    tensor: Tensor<D>,
    message: impl Fn(String) -> String,
) -> Result<Vec<f32>> {
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| Error::Device(message(format!("{error:?}"))))?;
    data.try_into_vec()
        .map_err(|error| Error::Device(message(format!("{error:?}"))))
}

/// Waits until the device has executed everything that `tensor` depends on.
///
/// # Errors
/// As [`read_back`].
pub(crate) async fn wait_for<const D: usize>(
    tensor: Tensor<D>,
    message: impl FnOnce(String) -> String,
) -> Result<()> {
    match tensor.into_data_async().await {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Device(message(format!("{error:?}")))),
    }
}
