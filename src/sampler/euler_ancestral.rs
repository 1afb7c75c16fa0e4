//! Ancestral sampling with Euler's steps (diffusers' EulerAncestralDiscreteScheduler).
//!
//! Each step goes down to σ_down < σ' and adds noise:
//! σ_up² = σ'² (σ² − σ'²) / σ², σ_down² = σ'² − σ_up², x' = x + (σ_down − σ) d + σ_up z.
//! diffusers supports ε- and v-prediction only. A step needs only x̂₀, so x₀-prediction works here.

use burn::tensor::Tensor;

use super::euler::Euler;
use super::schedule::NoiseSchedule;
use crate::error::Result;

/// An ancestral Euler run.
#[derive(Clone, Debug)]
pub struct EulerAncestral {
    /// Timesteps, noise levels and x̂₀.
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

    /// The timesteps, from noisy to clean; not integers with `linspace` spacing.
    pub fn timesteps(&self) -> &[f32] {
        self.euler.timesteps()
    }

    /// The standard deviation of the initial noise.
    pub fn init_noise_sigma(&self) -> f32 {
        self.euler.init_noise_sigma()
    }

    /// As [`Euler::scale_model_input`].
    pub fn scale_model_input(&self, sample: Tensor<4>, index: usize) -> Tensor<4> {
        self.euler.scale_model_input(sample, index)
    }

    /// Step `index`: the sample of the next timestep, from `sample` and the UNet's output for the
    /// scaled sample. `noise` is z; the last step adds none.
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
