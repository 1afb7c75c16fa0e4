//! DDIM run backwards, from a picture to its noise (arXiv 2105.05233, appendix F; diffusers'
//! DDIMInverseScheduler).
//!
//! x_{t'} = √ᾱ_{t'} x̂₀ + √(1 − ᾱ_{t'}) ε̂ with t' above t. The DDIM step from t' to t uses ε̂(x_{t'}),
//! which is not known yet, so diffusers takes ε̂(x_t). [`DdimInverse::refine`] evaluates ε̂ at the
//! x_{t'} that was found and solves again: a fixed-point iteration, whose limit DDIM inverts exactly
//! (AIDI, arXiv 2309.04907; ReNoise, arXiv 2403.14602).

use burn::tensor::Tensor;

use super::ddim::{Prediction, predict};
use super::schedule::NoiseSchedule;
use crate::error::{Error, Result};
use crate::model::config::{PredictionType, TimestepSpacing};

/// An inversion run.
#[derive(Clone, Debug)]
pub struct DdimInverse {
    schedule: NoiseSchedule,
    timesteps: Vec<usize>,
}

impl DdimInverse {
    /// The inverse of a DDIM run of `steps` steps.
    ///
    /// # Errors
    /// As [`NoiseSchedule::timesteps`]; `Config` for `linspace` spacing, whose steps are unequal, and
    /// for x₀-prediction with `set_alpha_to_one`, where the last DDIM step loses all noise.
    pub fn new(schedule: NoiseSchedule, steps: usize) -> Result<Self> {
        let mut timesteps = schedule.timesteps(steps)?;
        timesteps.reverse();
        let config = schedule.config();
        if config.timestep_spacing == TimestepSpacing::Linspace {
            return Err(Error::Config(
                "This base samples with 'timestep_spacing' \"linspace\", which cannot be inverted, so pictures cannot be edited with it. Set \"leading\" or \"trailing\" in scheduler_config.json.".into(),
            ));
        }
        if config.prediction_type == PredictionType::Sample && config.set_alpha_to_one {
            return Err(Error::Config(
                "This base predicts the sample itself and has 'set_alpha_to_one', which cannot be inverted, so pictures cannot be edited with it. Set 'set_alpha_to_one' to false in scheduler_config.json.".into(),
            ));
        }
        Ok(Self {
            schedule,
            timesteps,
        })
    }

    /// The target timesteps of the steps, from clean to noisy; the UNet is given these.
    pub fn timesteps(&self) -> &[usize] {
        &self.timesteps
    }

    /// The sample of `timestep`, from the sample of the previous timestep and the UNet's output for it,
    /// given `timestep`.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(&self, model_output: Tensor<4>, timestep: usize, sample: Tensor<4>) -> Tensor<4> {
        let [alpha, alpha_next] = self.alphas(timestep);
        let Prediction { original, epsilon } = predict(&self.schedule, model_output, alpha, sample);
        original * alpha_next.sqrt() + epsilon * (1.0 - alpha_next).sqrt()
    }

    /// A better sample of `timestep`, from the UNet's output for `found`, the result of `step` or of the
    /// last refinement. It does not clip, because clipping cannot be inverted.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn refine(
        &self,
        model_output: Tensor<4>,
        timestep: usize,
        sample: Tensor<4>,
        found: Tensor<4>,
    ) -> Tensor<4> {
        let [alpha, alpha_next] = self.alphas(timestep);
        let epsilon = predict(&self.schedule, model_output, alpha_next, found).epsilon;
        let original = (sample - epsilon.clone() * (1.0 - alpha).sqrt()) / alpha.sqrt();
        original * alpha_next.sqrt() + epsilon * (1.0 - alpha_next).sqrt()
    }

    /// ᾱ before and after the step to `timestep`.
    fn alphas(&self, timestep: usize) -> [f32; 2] {
        let alphas_cumprod = self.schedule.alphas_cumprod();
        let distance = alphas_cumprod.len() / self.timesteps.len();
        let alpha = match timestep.checked_sub(distance) {
            Some(before) => alphas_cumprod[before],
            None => self.schedule.final_alpha_cumprod(),
        };
        [alpha, alphas_cumprod[timestep]]
    }
}
