//! DDIM sampling (arXiv 2010.02502, formulas 12 and 16; diffusers' DDIMScheduler).
//!
//! x_{t'} = √ᾱ_{t'} x̂₀ + √(1 − ᾱ_{t'} − σ²) ε̂ + σ z, with
//! σ = η √((1 − ᾱ_{t'}) / (1 − ᾱ_t)) √(1 − ᾱ_t / ᾱ_{t'}).

use burn::tensor::Tensor;

use super::schedule::NoiseSchedule;
use crate::error::Result;
use crate::model::config::PredictionType;

/// A DDIM run.
#[derive(Clone, Debug)]
pub struct Ddim {
    schedule: NoiseSchedule,
    timesteps: Vec<usize>,
}

/// x̂₀ and ε̂ according to the UNet's output for x_t.
pub(super) struct Prediction {
    /// x̂₀, clipped with the config's `clip_sample`.
    pub(super) original: Tensor<4>,
    /// ε̂, from the unclipped x̂₀.
    pub(super) epsilon: Tensor<4>,
}

impl Ddim {
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

    /// x_{t'}, the sample of the next timestep, from x_t (`sample`) and the UNet's output for it.
    ///
    /// `variance_noise` is z; it is used only if `eta` is above 0, and without it σ z is left out.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(
        &self,
        model_output: Tensor<4>,
        timestep: usize,
        sample: Tensor<4>,
        eta: f64,
        variance_noise: Option<Tensor<4>>,
    ) -> Tensor<4> {
        let alphas_cumprod = self.schedule.alphas_cumprod();
        let alpha = alphas_cumprod[timestep];
        // As in diffusers: back by this distance, not to the next timestep of the list.
        let distance = alphas_cumprod.len() / self.timesteps.len();
        let alpha_prev = match timestep.checked_sub(distance) {
            Some(prev) => alphas_cumprod[prev],
            None => self.schedule.final_alpha_cumprod(),
        };
        let Prediction { original, epsilon } = predict(&self.schedule, model_output, alpha, sample);

        let variance = (1.0 - alpha_prev) / (1.0 - alpha) * (1.0 - alpha / alpha_prev);
        let std_dev = eta as f32 * variance.sqrt();
        let direction = epsilon * (1.0 - alpha_prev - std_dev * std_dev).sqrt();
        let prev_sample = original * alpha_prev.sqrt() + direction;
        match variance_noise {
            Some(noise) if eta > 0.0 => prev_sample + noise * std_dev,
            _ => prev_sample,
        }
    }
}

/// x̂₀ and ε̂ from the UNet's output, for any prediction type.
pub(super) fn predict(
    schedule: &NoiseSchedule,
    model_output: Tensor<4>,
    alpha: f32,
    sample: Tensor<4>,
) -> Prediction {
    let (signal, deviation) = (alpha.sqrt(), (1.0 - alpha).sqrt());
    let (original, epsilon) = match schedule.prediction_type() {
        PredictionType::Epsilon => (
            (sample - model_output.clone() * deviation) / signal,
            model_output,
        ),
        PredictionType::Sample => (
            model_output.clone(),
            (sample - model_output * signal) / deviation,
        ),
        PredictionType::VPrediction => (
            sample.clone() * signal - model_output.clone() * deviation,
            model_output * signal + sample * deviation,
        ),
    };
    let config = schedule.config();
    let original = if config.clip_sample {
        original.clamp(
            -config.clip_sample_range as f32,
            config.clip_sample_range as f32,
        )
    } else {
        original
    };
    Prediction { original, epsilon }
}
