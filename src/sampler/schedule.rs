//! The noise schedule: βₜ, ᾱₜ, the timesteps of a sampling run, noising and training targets.
//!
//! x_t = √ᾱ_t x₀ + √(1 − ᾱ_t) ε, with ᾱ_t = Π (1 − β). The values are those of diffusers'
//! DDIMScheduler and DDPMScheduler, with the same F32 roundings as PyTorch, so that runs can be
//! compared.

use burn::tensor::{Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::config::{BetaSchedule, PredictionType, SchedulerConfig, TimestepSpacing};

/// ᾱ of every training timestep, and the config it comes from.
#[derive(Clone, Debug)]
pub struct NoiseSchedule {
    config: SchedulerConfig,
    alphas_cumprod: Vec<f32>,
}

impl NoiseSchedule {
    /// Builds the schedule that `scheduler_config.json` describes. The class it names does not matter:
    /// diffusers' schedulers share these fields.
    ///
    /// # Errors
    /// `Config` if there are no timesteps, or a β is outside [0, 1].
    pub fn new(config: &SchedulerConfig) -> Result<Self> {
        let mut betas = betas(config);
        if betas.is_empty() {
            return Err(Error::Config(
                "The scheduler's config has no training timesteps, so pictures cannot be sampled. Check num_train_timesteps in scheduler_config.json.".into(),
            ));
        }
        if let Some(beta) = betas.iter().find(|beta| !(0.0..=1.0).contains(*beta)) {
            return Err(Error::Config(format!(
                "The scheduler's config gives a beta of {beta}, which is not between 0 and 1, so pictures cannot be sampled. Check beta_start and beta_end in scheduler_config.json."
            )));
        }
        if config.rescale_betas_zero_snr {
            rescale_zero_terminal_snr(&mut betas);
        }
        let alphas: Vec<f32> = betas.iter().map(|beta| 1.0 - beta).collect();
        Ok(Self {
            config: config.clone(),
            alphas_cumprod: cumprod(&alphas),
        })
    }

    /// The number of training timesteps.
    pub fn num_train_timesteps(&self) -> usize {
        self.alphas_cumprod.len()
    }

    /// ᾱ_t for every timestep t.
    pub fn alphas_cumprod(&self) -> &[f32] {
        &self.alphas_cumprod
    }

    /// What the UNet predicts.
    pub fn prediction_type(&self) -> PredictionType {
        self.config.prediction_type
    }

    /// The config of the schedule.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }

    /// ᾱ after the last step: 1, or ᾱ₀ without `set_alpha_to_one`.
    pub fn final_alpha_cumprod(&self) -> f32 {
        if self.config.set_alpha_to_one {
            1.0
        } else {
            self.alphas_cumprod[0]
        }
    }

    /// The timesteps of a run of `steps` steps, from noisy to clean (`set_timesteps`).
    ///
    /// # Errors
    /// `Settings` if `steps` is 0, above the number of training timesteps, or so large that
    /// `steps_offset` leads past the last timestep.
    pub fn timesteps(&self, steps: usize) -> Result<Vec<usize>> {
        let train = self.num_train_timesteps();
        if steps == 0 || steps > train {
            return Err(Error::Settings(format!(
                "{steps} sampling steps were asked for, but this base can make 1 to {train}. Choose a number in between; 25 is a good start."
            )));
        }
        let timesteps: Vec<usize> = match self.config.timestep_spacing {
            TimestepSpacing::Linspace => self
                .linspace(steps)
                .map(|t| t.round_ties_even() as usize)
                .collect(),
            TimestepSpacing::Leading => {
                let step_ratio = train / steps;
                (0..steps)
                    .rev()
                    .map(|i| i * step_ratio + self.config.steps_offset)
                    .collect()
            }
            TimestepSpacing::Trailing => {
                // numpy.arange(train, 0, −ratio): start + i · ((start − ratio) − start). For some
                // numbers of steps numpy's rounding adds a timestep −1 at the end, which is omitted.
                let start = train as f64;
                let delta = (start - start / steps as f64) - start;
                let at = |i: usize| (start + i as f64 * delta).round_ties_even() - 1.0;
                (0..steps).map(|i| at(i).max(0.0) as usize).collect()
            }
        };
        match timesteps.iter().find(|&&t| t >= train) {
            None => Ok(timesteps),
            Some(t) => Err(Error::Settings(format!(
                "With {steps} steps sampling would begin at timestep {t}, but this base was trained on 0 to {}. Choose fewer steps.",
                train - 1
            ))),
        }
    }

    /// As [`timesteps`](Self::timesteps), but not rounded with `linspace` spacing, for methods that
    /// interpolate between training timesteps.
    ///
    /// # Errors
    /// As [`NoiseSchedule::timesteps`].
    pub(super) fn unrounded_timesteps(&self, steps: usize) -> Result<Vec<f32>> {
        let timesteps = self.timesteps(steps)?;
        Ok(match self.config.timestep_spacing {
            TimestepSpacing::Linspace => self.linspace(steps).map(|t| t as f32).collect(),
            _ => timesteps.into_iter().map(|t| t as f32).collect(),
        })
    }

    /// numpy.linspace, from the last training timestep down: i · step, except the end, which is exact.
    fn linspace(&self, steps: usize) -> impl Iterator<Item = f64> {
        let last = (self.num_train_timesteps() - 1) as f64;
        let step = last / (steps.max(2) - 1) as f64;
        (0..steps).rev().map(move |i| {
            if steps > 1 && i == steps - 1 {
                last
            } else {
                i as f64 * step
            }
        })
    }

    /// x_t = √ᾱ_t x₀ + √(1 − ᾱ_t) ε, with one timestep per batch item.
    ///
    /// # Shapes
    /// `samples` and `noise`: `[batch, channels, height, width]`; `timesteps`: `batch` of them.
    pub fn add_noise(
        &self,
        samples: Tensor<4>,
        noise: Tensor<4>,
        timesteps: &[usize],
    ) -> Tensor<4> {
        let (signal, deviation) = self.coefficients(timesteps, &samples);
        samples * signal + noise * deviation
    }

    /// The training target of the UNet's output: ε, v = √ᾱ_t ε − √(1 − ᾱ_t) x₀, or x₀.
    ///
    /// # Shapes
    /// As [`NoiseSchedule::add_noise`].
    pub fn training_target(
        &self,
        samples: Tensor<4>,
        noise: Tensor<4>,
        timesteps: &[usize],
    ) -> Tensor<4> {
        match self.config.prediction_type {
            PredictionType::Epsilon => noise,
            PredictionType::Sample => samples,
            PredictionType::VPrediction => {
                let (signal, deviation) = self.coefficients(timesteps, &samples);
                noise * signal - samples * deviation
            }
        }
    }

    /// √ᾱ_t and √(1 − ᾱ_t) as `[batch, 1, 1, 1]`.
    fn coefficients(&self, timesteps: &[usize], like: &Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let column = |f: fn(f32) -> f32| {
            let values: Vec<f32> = timesteps
                .iter()
                .map(|&t| f(self.alphas_cumprod[t]).sqrt())
                .collect();
            Tensor::from_data(
                TensorData::new(values, [timesteps.len(), 1, 1, 1]),
                &like.device(),
            )
        };
        (column(|alpha| alpha), column(|alpha| 1.0 - alpha))
    }
}

/// β of every training timestep.
fn betas(config: &SchedulerConfig) -> Vec<f32> {
    let n = config.num_train_timesteps;
    match config.beta_schedule {
        BetaSchedule::Linear => linspace(config.beta_start, config.beta_end, n),
        BetaSchedule::ScaledLinear => {
            let roots = linspace(config.beta_start.sqrt(), config.beta_end.sqrt(), n);
            roots.into_iter().map(|root| root * root).collect()
        }
        BetaSchedule::SquaredcosCapV2 => {
            let alpha_bar = |t: f64| {
                let cos = libm::cos((t + 0.008) / 1.008 * core::f64::consts::PI / 2.0);
                cos * cos
            };
            let at = |i: usize| i as f64 / n as f64;
            (0..n)
                .map(|i| (1.0 - alpha_bar(at(i + 1)) / alpha_bar(at(i))).min(0.999) as f32)
                .collect()
        }
    }
}

/// torch.linspace in F32: computed from the nearer end, with fused multiply-add.
fn linspace(start: f64, end: f64, n: usize) -> Vec<f32> {
    let (start, end) = (start as f32, end as f32);
    let step = (end - start) / (n.max(2) - 1) as f32;
    let at = |i: usize| {
        if i < n.div_ceil(2) {
            step.mul_add(i as f32, start)
        } else {
            (-step).mul_add((n - i - 1) as f32, end)
        }
    };
    (0..n).map(at).collect()
}

/// torch.cumprod of F32 on the CPU, which multiplies in F64.
fn cumprod(values: &[f32]) -> Vec<f32> {
    values
        .iter()
        .scan(1.0_f64, |product, &value| {
            *product *= f64::from(value);
            Some(*product as f32)
        })
        .collect()
}

/// Shifts and scales √ᾱ so that the last timestep is pure noise ("Common Diffusion Noise
/// Schedules and Sample Steps are Flawed", algorithm 1; diffusers' `rescale_zero_terminal_snr`).
fn rescale_zero_terminal_snr(betas: &mut [f32]) {
    let alphas: Vec<f32> = betas.iter().map(|beta| 1.0 - beta).collect();
    let roots: Vec<f32> = cumprod(&alphas).into_iter().map(f32::sqrt).collect();
    let (first, last) = (roots[0], roots[roots.len() - 1]);
    let scale = first / (first - last);
    let mut before = 1.0;
    for (beta, root) in betas.iter_mut().zip(roots) {
        let root = (root - last) * scale;
        let alpha_bar = root * root;
        *beta = 1.0 - alpha_bar / before;
        before = alpha_bar;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use burn::tensor::Device;

    use super::*;

    fn schedule(changes: &str) -> NoiseSchedule {
        let json = format!(
            r#"{{"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear","steps_offset":1{changes}}}"#
        );
        NoiseSchedule::new(&SchedulerConfig::parse(json.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn alphas_are_those_of_stable_diffusion() {
        let alphas = schedule("").alphas_cumprod().to_vec();
        assert_eq!(alphas.len(), 1000);
        assert!((alphas[0] - 0.999_15).abs() < 1e-7);
        assert!((alphas[999] - 0.004_660_1).abs() < 1e-7);
    }

    #[test]
    fn rescaled_betas_end_in_pure_noise_and_begin_as_before() {
        let alphas = schedule(r#","rescale_betas_zero_snr":true"#)
            .alphas_cumprod()
            .to_vec();
        assert!((alphas[0] - 0.999_15).abs() < 1e-6);
        assert_eq!(alphas[999], 0.0);
        assert!(alphas.windows(2).all(|pair| pair[1] < pair[0]));
    }

    #[test]
    fn too_many_or_no_steps_are_refused() {
        for steps in [0, 1000, 1001] {
            let error = schedule("").timesteps(steps).unwrap_err();
            assert!(
                matches!(&error, Error::Settings(text) if text.contains("steps")),
                "{error}"
            );
        }
        assert_eq!(schedule("").timesteps(25).unwrap()[..2], [961, 921]);
    }

    #[test]
    fn trailing_runs_have_as_many_steps_as_were_asked_for() {
        let schedule = schedule(r#","timestep_spacing":"trailing""#);
        for steps in 1..=1000 {
            let timesteps = schedule.timesteps(steps).unwrap();
            assert_eq!((timesteps.len(), timesteps[0]), (steps, 999));
            assert!(
                timesteps.windows(2).all(|pair| pair[1] < pair[0]),
                "{steps} steps"
            );
        }
    }

    #[test]
    fn noise_and_velocity_undo_each_other() {
        let device = Device::flex();
        let schedule = schedule(r#","prediction_type":"v_prediction""#);
        let tensor = |values: [f32; 8]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [2, 1, 2, 2]), &device)
        };
        let samples = tensor([1.0, -2.0, 0.5, 3.0, -1.0, 0.0, 0.25, 2.0]);
        let noise = tensor([0.3, 0.1, -0.7, 2.0, 1.5, -0.2, 0.4, -1.0]);
        let timesteps = [10, 900];
        let noisy = schedule.add_noise(samples.clone(), noise.clone(), &timesteps);
        let velocity = schedule.training_target(samples.clone(), noise, &timesteps);
        // x₀ = √ᾱ x_t − √(1 − ᾱ) v, with each item's own timestep.
        let (signal, deviation) = schedule.coefficients(&timesteps, &noisy);
        let back = (noisy * signal - velocity * deviation).into_data();
        back.assert_approx_eq::<f32>(
            &samples.into_data(),
            burn::tensor::Tolerance::absolute(1e-5),
        );
    }
}
