//! Ancestral sampling with Euler's steps (diffusers' EulerAncestralDiscreteScheduler).
//!
//! Each step goes down to σ_down < σ' and up again with fresh noise:
//! σ_up² = σ'² (σ² − σ'²) / σ², σ_down² = σ'² − σ_up², x' = x + (σ_down − σ) d + σ_up z.
//! diffusers takes ε- and v-prediction only; x₀-prediction is here because x̂₀ is all that a step
//! needs.

use burn::tensor::Tensor;

use super::euler::Euler;
use super::schedule::NoiseSchedule;
use crate::error::Result;

/// An ancestral Euler run: its timesteps, its noise levels and one step.
#[derive(Clone, Debug)]
pub struct EulerAncestral {
    /// Timesteps, levels and predictions are Euler's.
    euler: Euler,
}

impl EulerAncestral {
    /// A run of `steps` steps.
    ///
    /// # Errors
    /// As [`NoiseSchedule::timesteps`].
    pub fn new(schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        Ok(Self {
            euler: Euler::new(schedule, steps)?,
        })
    }

    /// From noisy to clean; not whole with `linspace` spacing.
    pub fn timesteps(&self) -> &[f32] {
        self.euler.timesteps()
    }

    /// What the starting noise is multiplied by.
    pub fn init_noise_sigma(&self) -> f32 {
        self.euler.init_noise_sigma()
    }

    /// As [`Euler::scale_model_input`].
    pub fn scale_model_input(&self, sample: Tensor<4>, index: usize) -> Tensor<4> {
        self.euler.scale_model_input(sample, index)
    }

    /// Step number `index` of the run: the sample and the UNet's output for it, scaled, to the
    /// sample of the next timestep. `noise` is z; the last step adds none.
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
        let [sigma, next] = self.euler.levels(index);
        let original = self.euler.original(model_output, index, sample.clone());
        let (variance, next_variance) = (sigma * sigma, next * next);
        let up = (next_variance * (variance - next_variance) / variance).sqrt();
        let down = (next_variance - up * up).sqrt();
        let derivative = (sample.clone() - original) / sigma;
        let prev_sample = sample + derivative * (down - sigma);
        match noise {
            Some(noise) if up > 0.0 => prev_sample + noise * up,
            _ => prev_sample,
        }
    }
}
