//! Sampling of latent consistency models (arXiv 2310.04378; diffusers' LCMScheduler).
//!
//! Each step predicts the clean sample, x̂ = c_out x̂₀ + c_skip x_t, and adds noise for the next
//! timestep. A base model that was not distilled for it gives blurred pictures.

use burn::tensor::Tensor;

use super::ddim::predict;
use super::schedule::NoiseSchedule;
use crate::error::{Error, Result};

/// The standard deviation of the data in the boundary condition.
const SIGMA_DATA: f64 = 0.5;

/// An LCM run.
#[derive(Clone, Debug)]
pub struct Lcm {
    schedule: NoiseSchedule,
    timesteps: Vec<usize>,
}

impl Lcm {
    /// A run of `steps` of the `original_inference_steps` of the distillation. The config's spacing
    /// and offset are ignored.
    ///
    /// # Errors
    /// `Settings` if `steps` is 0 or above `original_inference_steps`.
    pub fn new(schedule: NoiseSchedule, steps: usize) -> Result<Self> {
        let train = schedule.num_train_timesteps();
        let original_steps = schedule.config().original_inference_steps.min(train);
        if steps == 0 || steps > original_steps {
            return Err(Error::Settings(format!(
                "{steps} sampling steps were asked for, but LCM makes 1 to {original_steps} with this base. Choose a number in between; 4 is a good start."
            )));
        }
        let skip = train / original_steps;
        // numpy.linspace without its end, rounded down: i · step.
        let step = original_steps as f64 / steps as f64;
        let timesteps = (0..steps)
            .map(|i| (original_steps - (i as f64 * step) as usize) * skip - 1)
            .collect();
        Ok(Self {
            schedule,
            timesteps,
        })
    }

    /// The timesteps, from noisy to clean.
    pub fn timesteps(&self) -> &[usize] {
        &self.timesteps
    }

    /// Step `index`: the sample of the next timestep, from x_t (`sample`) and the UNet's output for it.
    /// `noise` is z; the last step adds none.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(
        &self,
        model_output: Tensor<4>,
        index: usize,
        sample: Tensor<4>,
        noise: Option<Tensor<4>>,
    ) -> Tensor<4> {
        let alphas_cumprod = self.schedule.alphas_cumprod();
        let timestep = self.timesteps[index];
        let alpha = alphas_cumprod[timestep];
        let original = predict(&self.schedule, model_output, alpha, sample.clone()).original;
        let [skip, out] = self.boundary(timestep);
        let denoised = original * out + sample * skip;
        match (self.timesteps.get(index + 1), noise) {
            (Some(&next), Some(noise)) => {
                let alpha = alphas_cumprod[next];
                denoised * alpha.sqrt() + noise * (1.0 - alpha).sqrt()
            }
            (Some(&next), None) => denoised * alphas_cumprod[next].sqrt(),
            (None, _) => denoised,
        }
    }

    /// c_skip and c_out: 1 and 0 at timestep 0.
    fn boundary(&self, timestep: usize) -> [f64; 2] {
        let scaled = timestep as f64 * self.schedule.config().timestep_scaling;
        let sum = scaled * scaled + SIGMA_DATA * SIGMA_DATA;
        [SIGMA_DATA * SIGMA_DATA / sum, scaled / sum.sqrt()]
    }
}
