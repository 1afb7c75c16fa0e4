//! Reading tensors from their device.

use burn::tensor::Tensor;

use crate::error::{Error, Result};

/// The F32 elements of `tensor`, row-major. Waits for the device without blocking the thread.
///
/// # Errors
/// What `error` makes of the reason, if the device was lost or is out of memory.
pub(crate) async fn read_back<const D: usize>(
    tensor: Tensor<D>,
    error: impl Fn(String) -> Error,
) -> Result<Vec<f32>> {
    let data = tensor
        .into_data_async()
        .await
        .map_err(|why| error(format!("{why:?}")))?;
    data.try_into_vec().map_err(|why| error(format!("{why:?}")))
}
