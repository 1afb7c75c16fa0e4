//! Ancestral sampling (DDPM, arXiv 2006.11239, formulas 6, 7 and 15; diffusers' DDPMScheduler with
//! `variance_type` "fixed_small").
//!
//! x_{t'} = (√ᾱ_{t'} β / (1 − ᾱ_t)) x̂₀ + (√α (1 − ᾱ_{t'}) / (1 − ᾱ_t)) x_t + σ z, with
//! α = ᾱ_t / ᾱ_{t'}, β = 1 − α, σ² = β (1 − ᾱ_{t'}) / (1 − ᾱ_t).

use burn::tensor::Tensor;

use super::ddim::predict;
use super::schedule::NoiseSchedule;
use crate::error::Result;

/// A DDPM run.
#[derive(Clone, Debug)]
pub struct Ddpm {
    schedule: NoiseSchedule,
    timesteps: Vec<usize>,
}

impl Ddpm {
    /// A run of `steps` steps.
    ///
    /// # Errors
    /// As [`NoiseSchedule::timesteps`].
    pub fn new(schedule: NoiseSchedule, steps: usize) -> Result<Self> {
        let timesteps = schedule.timesteps(steps)?;
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
    /// `noise` is z; timestep 0 adds none.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(
        &self,
        model_output: Tensor<4>,
        index: usize,
        sample: Tensor<4>,
        noise: Tensor<4>,
    ) -> Tensor<4> {
        let alphas_cumprod = self.schedule.alphas_cumprod();
        let timestep = self.timesteps[index];
        let alpha_prod = alphas_cumprod[timestep];
        let alpha_prod_prev = self
            .timesteps
            .get(index + 1)
            .map_or(1.0, |&prev| alphas_cumprod[prev]);
        let (beta_prod, beta_prod_prev) = (1.0 - alpha_prod, 1.0 - alpha_prod_prev);
        let alpha = alpha_prod / alpha_prod_prev;
        let beta = 1.0 - alpha;

        let original = predict(&self.schedule, model_output, alpha_prod, sample.clone()).original;
        let original_coefficient = alpha_prod_prev.sqrt() * beta / beta_prod;
        let sample_coefficient = alpha.sqrt() * beta_prod_prev / beta_prod;
        let mean = original * original_coefficient + sample * sample_coefficient;
        if timestep == 0 {
            return mean;
        }
        let variance = (beta_prod_prev / beta_prod * beta).max(1e-20);
        mean + noise * variance.sqrt()
    }
}
