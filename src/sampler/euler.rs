//! Euler's method on the probability-flow ODE (arXiv 2206.00364, algorithm 1 without churn;
//! diffusers' EulerDiscreteScheduler).
//!
//! The sample is x_t / √ᾱ_t, so its noise has the standard deviation σ. d = (x − x̂₀) / σ and
//! x' = x + (σ' − σ) d. Timesteps follow the config's spacing; Karras and other sigmas are not
//! supported. As in diffusers, `clip_sample` is ignored.

use burn::tensor::Tensor;

use super::schedule::NoiseSchedule;
use super::sigmas::sigmas;
use crate::error::Result;
use crate::model::config::{PredictionType, TimestepSpacing};

/// An Euler run.
#[derive(Clone, Debug)]
pub struct Euler {
    prediction_type: PredictionType,
    timesteps: Vec<f32>,
    /// One more than there are timesteps; the last is 0.
    sigmas: Vec<f32>,
    init_noise_sigma: f32,
}

impl Euler {
    /// A run of `steps` steps.
    ///
    /// # Errors
    /// As [`NoiseSchedule::timesteps`].
    pub fn new(schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        let timesteps = schedule.unrounded_timesteps(steps)?;
        let sigmas = sigmas(schedule, &timesteps);
        let largest = sigmas[0];
        Ok(Self {
            prediction_type: schedule.prediction_type(),
            init_noise_sigma: match schedule.config().timestep_spacing {
                TimestepSpacing::Leading => (largest * largest + 1.0).sqrt(),
                TimestepSpacing::Linspace | TimestepSpacing::Trailing => largest,
            },
            timesteps,
            sigmas,
        })
    }

    /// The timesteps, from noisy to clean; not integers with `linspace` spacing.
    pub fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    /// The standard deviation of the initial noise.
    pub fn init_noise_sigma(&self) -> f32 {
        self.init_noise_sigma
    }

    /// σ of step `index` and of the next.
    pub(super) fn levels(&self, index: usize) -> [f32; 2] {
        [self.sigmas[index], self.sigmas[index + 1]]
    }

    /// The input of the UNet, x_t = x / √(σ² + 1); shape-preserving.
    pub fn scale_model_input(&self, sample: Tensor<4>, index: usize) -> Tensor<4> {
        let sigma = self.sigmas[index];
        sample / (sigma * sigma + 1.0).sqrt()
    }

    /// x̂₀ from the UNet's output for the scaled sample.
    pub(super) fn original(
        &self,
        model_output: Tensor<4>,
        index: usize,
        sample: Tensor<4>,
    ) -> Tensor<4> {
        let sigma = self.sigmas[index];
        let variance = sigma * sigma + 1.0;
        match self.prediction_type {
            PredictionType::Epsilon => sample - model_output * sigma,
            PredictionType::Sample => model_output,
            PredictionType::VPrediction => {
                model_output * (-sigma / variance.sqrt()) + sample / variance
            }
        }
    }

    /// Step `index`: the sample of the next timestep, from `sample` and the UNet's output for the
    /// scaled sample.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(&self, model_output: Tensor<4>, index: usize, sample: Tensor<4>) -> Tensor<4> {
        let [sigma, next] = self.levels(index);
        let original = self.original(model_output, index, sample.clone());
        let derivative = (sample.clone() - original) / sigma;
        sample + derivative * (next - sigma)
    }
}
