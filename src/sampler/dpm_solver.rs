//! DPM-Solver++ (2M) (arXiv 2211.01095, algorithm 2; diffusers' DPMSolverMultistepScheduler).
//!
//! With λ = ln(α / σ) and h = λ' − λ, a step is x' = (σ' / σ) x − α' (e^(−h) − 1) D, where D is x̂₀,
//! corrected by half of its change since the step before: D = x̂₀ + (x̂₀ − x̂₀_before) h / (2 h_before).
//! The first step and the last, which goes to σ = 0, are of first order: D = x̂₀.
//!
//! Only diffusers' defaults are supported: `algorithm_type` "dpmsolver++", `solver_order` 2,
//! `solver_type` "midpoint", `final_sigmas_type` "zero" (with which `lower_order_final` has no
//! effect at order 2), no Karras or other sigmas. As in diffusers, `clip_sample` is ignored.

use burn::tensor::Tensor;

use super::schedule::NoiseSchedule;
use super::sigmas::sigmas;
use crate::error::{Error, Result};
use crate::model::config::{PredictionType, TimestepSpacing};

/// A DPM-Solver++ run.
#[derive(Clone, Debug)]
pub struct DpmSolverMultistep {
    prediction_type: PredictionType,
    timesteps: Vec<f32>,
    /// σ / α, one more than there are timesteps; the last is 0.
    sigmas: Vec<f32>,
    /// x̂₀ of the previous step.
    original: Option<Tensor<4>>,
}

impl DpmSolverMultistep {
    /// A run of `steps` steps.
    ///
    /// # Errors
    /// As [`NoiseSchedule::timesteps`]; also `Settings` if `steps` is the number of training timesteps.
    pub fn new(schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        let mut timesteps = schedule.timesteps(steps)?;
        // The clean end counts as a step of the spacing, except with `trailing`.
        if schedule.config().timestep_spacing != TimestepSpacing::Trailing {
            timesteps = schedule.timesteps(steps + 1).map_err(|_| {
                Error::Settings(format!(
                    "{steps} sampling steps are too many for DPM-Solver++ with this base. Choose fewer; 20 is a good start."
                ))
            })?;
            timesteps.pop();
        }
        let timesteps: Vec<f32> = timesteps.into_iter().map(|t| t as f32).collect();
        Ok(Self {
            prediction_type: schedule.prediction_type(),
            sigmas: sigmas(schedule, &timesteps),
            timesteps,
            original: None,
        })
    }

    /// The timesteps, from noisy to clean.
    pub fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    /// Step `index`: the sample of the next timestep, from x_t (`sample`) and the UNet's output for it.
    /// Steps must be called in order; step 0 starts a new run.
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(&mut self, model_output: Tensor<4>, index: usize, sample: Tensor<4>) -> Tensor<4> {
        let (sigma, next) = (self.sigmas[index], self.sigmas[index + 1]);
        let (alpha, alpha_next) = (alpha(sigma), alpha(next));
        let deviation = sigma * alpha;
        let original = match self.prediction_type {
            PredictionType::Epsilon => (sample.clone() - model_output * deviation) / alpha,
            PredictionType::Sample => model_output,
            PredictionType::VPrediction => sample.clone() * alpha - model_output * deviation,
        };
        let before = self.original.replace(original.clone());
        let data = match before {
            Some(before) if index > 0 && next > 0.0 => {
                // λ = −ln(σ / α), and the sigmas here are σ / α.
                let step = |from: f32, to: f32| libm::log(f64::from(from) / f64::from(to));
                let ratio = step(sigma, next) / step(self.sigmas[index - 1], sigma);
                original.clone() + (original - before) * (0.5 * ratio)
            }
            _ => original,
        };
        sample * (next * alpha_next / deviation) + data * (alpha_next * (1.0 - next / sigma))
    }
}

/// α from σ / α, where α² + σ² = 1.
fn alpha(sigma: f32) -> f32 {
    1.0 / (sigma * sigma + 1.0).sqrt()
}
