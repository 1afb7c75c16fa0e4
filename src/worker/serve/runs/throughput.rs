//! Steps per second and time left; the time of one forward pass, for estimates.

use std::collections::VecDeque;

use burn::tensor::Tensor;
use web_time::Instant;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;

/// Steps that the average goes over: long enough for a GPU, whose steps are waited for in groups.
const WINDOW: usize = 24;

/// Seconds of the UNet for one sample, the better of two.
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
        let read = prediction.into_data_async().await;
        read.map_err(|error| Error::Device(format!("The device gave nothing back ({error:?}).")))?;
        best = best.min(began.elapsed().as_secs_f32());
    }
    Ok(best)
}

/// How long the last steps took; pauses, previews and saves do not count.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seconds: VecDeque<f32>,
}

impl Pace {
    /// A step took so long.
    pub(crate) fn add(&mut self, seconds: f32) {
        if self.seconds.len() == WINDOW {
            self.seconds.pop_front();
        }
        self.seconds.push_back(seconds);
    }

    /// 0 before the first step.
    pub(crate) fn steps_per_second(&self) -> f32 {
        let sum: f32 = self.seconds.iter().sum();
        if sum > 0.0 {
            self.seconds.len() as f32 / sum
        } else {
            0.0
        }
    }

    /// NaN while nobody knows.
    pub(crate) fn seconds_left(&self, steps: usize) -> f32 {
        let rate = self.steps_per_second();
        if rate > 0.0 {
            steps as f32 / rate
        } else {
            f32::NAN
        }
    }
}
