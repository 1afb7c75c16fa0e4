//! ε-MSE + λ · prior MSE, both in one pass through the UNet.
//!
//! As diffusers' train_dreambooth: the batch holds the subject's samples first and the class's
//! after them; the prediction is cut in two and each half has a mean of its own:
//!
//! ```text
//! L = mean‖UNet(√ᾱ_t z + √(1−ᾱ_t) n, t, c) − target‖² + λ · mean‖the same for the class‖²
//! ```
//!
//! The target is what the schedule predicts: ε = n, or v = √ᾱ_t n − √(1−ᾱ_t) z.

use burn::tensor::{Tensor, TensorData};

use crate::model::unet::UNet2DConditionModel;
use crate::sampler::schedule::NoiseSchedule;

/// One batch, everything explicit: nothing in this file draws a random number.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Clean latents, scaled, `[batch, channels, height, width]`; the subject's first.
    pub latents: Tensor<4>,
    /// Noise of the same shape.
    pub noise: Tensor<4>,
    /// Timestep of each sample, 0 to the schedule's length − 1.
    pub timesteps: Vec<usize>,
    /// Text embeddings, `[batch, tokens, channels]`.
    pub embeddings: Tensor<3>,
    /// How many samples, from the first on, show the subject; the others show the class.
    pub subjects: usize,
}

#[cfg(not(target_family = "wasm"))]
impl Batch {
    /// The subject's samples and the class's, as batches of one kind each.
    pub(super) fn split(self) -> [Self; 2] {
        let count = self.timesteps.len();
        [(0, self.subjects), (self.subjects, count - self.subjects)].map(|(start, count)| Self {
            latents: self.latents.clone().narrow(0, start, count),
            noise: self.noise.clone().narrow(0, start, count),
            timesteps: self.timesteps[start..start + count].to_vec(),
            embeddings: self.embeddings.clone().narrow(0, start, count),
            subjects: count,
        })
    }
}

/// The loss and its parts, `[1]` each, still on the device.
#[derive(Clone, Debug)]
pub struct Loss {
    /// MSE of the subject's samples.
    pub subject: Tensor<1>,
    /// MSE of the class's samples, when there are any.
    pub prior: Option<Tensor<1>>,
    /// subject + λ · prior; the one to differentiate.
    pub total: Tensor<1>,
}

/// The loss of `batch` under `unet`, λ = `prior_weight`.
pub fn loss(
    unet: &UNet2DConditionModel,
    schedule: &NoiseSchedule,
    batch: Batch,
    prior_weight: f64,
) -> Loss {
    let Batch {
        latents,
        noise,
        timesteps,
        embeddings,
        subjects,
    } = batch;
    let count = latents.dims()[0];
    let noisy = schedule.add_noise(latents.clone(), noise.clone(), &timesteps);
    let target = schedule.training_target(latents, noise, &timesteps);
    let times: Vec<f32> = timesteps.iter().map(|&t| t as f32).collect();
    let times = Tensor::from_data(TensorData::new(times, [count]), &noisy.device());
    let error = unet.forward(noisy, times, embeddings) - target;
    let squared = error.clone() * error;
    let subject = squared.clone().narrow(0, 0, subjects).mean();
    if subjects == count {
        return Loss {
            total: subject.clone(),
            subject,
            prior: None,
        };
    }
    let prior = squared.narrow(0, subjects, count - subjects).mean();
    let total = subject.clone() + prior.clone() * prior_weight;
    Loss {
        subject,
        prior: Some(prior),
        total,
    }
}
