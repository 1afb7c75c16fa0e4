//! The time of one forward pass, for estimates.

use burn::tensor::Tensor;
use web_time::Instant;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::read_back::read_back;

/// Seconds of the UNet for one sample: the minimum of two runs.
///
/// # Errors
/// `Device` if the result cannot be read.
pub(crate) async fn time_forward(base: &BaseModel) -> Result<f32> {
    let context = base.embed(&[String::new()]);
    let device = context.device();
    let mut best = f32::INFINITY;
    for _ in 0..2 {
        let began = Instant::now();
        let latents = Tensor::zeros([1, 4, base.sample_size, base.sample_size], &device);
        let timestep = Tensor::full([1], 500.0, &device);
        let prediction = base.unet.forward(latents, timestep, context.clone());
        read_back(prediction, |reason| {
            Error::Device(format!("The device gave nothing back ({reason})."))
        })
        .await?;
        best = best.min(began.elapsed().as_secs_f32());
    }
    Ok(best)
}
