//! The noise schedule of a base model, from the config of any scheduler.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Result;
use crate::model::config::reader::Reader;

/// `scheduler/scheduler_config.json`; fields are those of diffusers' `DDIMScheduler`.
///
/// The sampling method is chosen by the user, not by the file. Options of a single class (Karras
/// sigmas, the variance type, Runge-Kutta steps) are therefore ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// The class that the file names, or `DDIMScheduler`.
    pub class_name: String,
    /// Steps of the diffusion process.
    pub num_train_timesteps: usize,
    /// The first β.
    pub beta_start: f64,
    /// The last β.
    pub beta_end: f64,
    /// How β goes from the first to the last.
    pub beta_schedule: BetaSchedule,
    /// What the UNet predicts.
    pub prediction_type: PredictionType,
    /// How sampling timesteps are chosen from the training timesteps.
    pub timestep_spacing: TimestepSpacing,
    /// Added to every sampling timestep under `leading` spacing.
    pub steps_offset: usize,
    /// Whether the last step ends at ᾱ = 1 rather than at that of the first training timestep.
    pub set_alpha_to_one: bool,
    /// Whether β is rescaled to a signal-to-noise ratio of zero at the last step.
    pub rescale_betas_zero_snr: bool,
    /// Whether the predicted sample is clipped in each step.
    pub clip_sample: bool,
    /// The bound of that clipping, in scaled latents.
    pub clip_sample_range: f64,
    /// LCM: the number of steps in the distillation.
    pub original_inference_steps: usize,
    /// LCM: the factor of the timestep in the boundary condition.
    pub timestep_scaling: f64,
}

/// How β goes from `beta_start` to `beta_end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// β is linear.
    Linear,
    /// √β is linear; Stable Diffusion uses this.
    ScaledLinear,
    /// ᾱ is a squared cosine; `beta_start` and `beta_end` are ignored.
    SquaredcosCapV2,
}

/// What the UNet predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionType {
    /// The noise ε.
    Epsilon,
    /// v = √ᾱ ε − √(1−ᾱ) x₀.
    VPrediction,
    /// x₀ itself.
    Sample,
}

/// How sampling timesteps are chosen from the training timesteps (arXiv 2305.08891, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepSpacing {
    /// From 0 up, in equal integer steps.
    Leading,
    /// From the last timestep down, in equal steps.
    Trailing,
    /// Evenly from the first to the last timestep, rounded.
    Linspace,
}

/// Supported classes; their files describe the training process with the same options.
const CLASSES: [&str; 10] = [
    "DDIMScheduler",
    "DDPMScheduler",
    "PNDMScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "LCMScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "LMSDiscreteScheduler",
    "HeunDiscreteScheduler",
];

impl SchedulerConfig {
    /// Parses `scheduler/scheduler_config.json`.
    ///
    /// As in diffusers, the default of an absent key depends on the class that the file names.
    ///
    /// # Errors
    /// `Config`, naming key and value, for an unsupported option.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let file = Reader::new(json, "scheduler/scheduler_config.json")?;
        file.class(&CLASSES)?;
        file.only("thresholding", &[json!(false)])?;
        file.only("trained_betas", &[Value::Null])?;
        let class_name: String = file.get("_class_name", "DDIMScheduler".to_owned())?;
        let class = class_name.as_str();
        let (beta_start, beta_end, beta_schedule) = match class {
            "LCMScheduler" => (0.00085, 0.012, BetaSchedule::ScaledLinear),
            "HeunDiscreteScheduler" => (0.00085, 0.012, BetaSchedule::Linear),
            _ => (0.0001, 0.02, BetaSchedule::Linear),
        };
        let timestep_spacing = match class {
            "DDIMScheduler" | "DDPMScheduler" | "PNDMScheduler" | "LCMScheduler" => {
                TimestepSpacing::Leading
            }
            _ => TimestepSpacing::Linspace,
        };
        let config = Self {
            num_train_timesteps: file.get("num_train_timesteps", 1000)?,
            beta_start: file.get("beta_start", beta_start)?,
            beta_end: file.get("beta_end", beta_end)?,
            beta_schedule: file.get("beta_schedule", beta_schedule)?,
            prediction_type: file.get("prediction_type", PredictionType::Epsilon)?,
            timestep_spacing: file.get("timestep_spacing", timestep_spacing)?,
            steps_offset: file.get("steps_offset", 0)?,
            set_alpha_to_one: file.get("set_alpha_to_one", class != "PNDMScheduler")?,
            rescale_betas_zero_snr: file.get("rescale_betas_zero_snr", false)?,
            clip_sample: file.get(
                "clip_sample",
                matches!(class, "DDIMScheduler" | "DDPMScheduler"),
            )?,
            clip_sample_range: file.get("clip_sample_range", 1.0)?,
            original_inference_steps: file.get("original_inference_steps", 50)?,
            timestep_scaling: file.get("timestep_scaling", 10.0)?,
            class_name,
        };
        config.check(&file)?;
        Ok(config)
    }

    /// Checks the ranges of the values.
    fn check(&self, file: &Reader) -> Result<()> {
        file.in_range("num_train_timesteps", self.num_train_timesteps, 100_000)?;
        file.in_range(
            "original_inference_steps",
            self.original_inference_steps,
            100_000,
        )?;
        if self.steps_offset >= self.num_train_timesteps {
            let why = format!("there are {} timesteps", self.num_train_timesteps);
            return Err(file.unsupported("steps_offset", &json!(self.steps_offset), &why));
        }
        for (key, beta) in [("beta_start", self.beta_start), ("beta_end", self.beta_end)] {
            if !(beta > 0.0 && beta < 1.0) {
                return Err(file.unsupported(key, &json!(beta), "it must lie between 0 and 1"));
            }
        }
        for (key, value) in [
            ("clip_sample_range", self.clip_sample_range),
            ("timestep_scaling", self.timestep_scaling),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(file.unsupported(key, &json!(value), "it must be above 0"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn every_published_class_gives_the_training_process() {
        let pndm = br#"{"_class_name":"PNDMScheduler","beta_end":0.012,"beta_schedule":"scaled_linear","beta_start":0.00085,
            "num_train_timesteps":1000,"set_alpha_to_one":false,"skip_prk_steps":true,"steps_offset":1,"trained_betas":null,"clip_sample":false}"#;
        let config = SchedulerConfig::parse(pndm).unwrap();
        assert_eq!(
            (config.beta_schedule, config.steps_offset),
            (BetaSchedule::ScaledLinear, 1)
        );
        assert_eq!(
            (config.set_alpha_to_one, config.clip_sample),
            (false, false)
        );

        let turbo = br#"{"_class_name":"EulerDiscreteScheduler","beta_end":0.012,"beta_schedule":"scaled_linear","beta_start":0.00085,
            "prediction_type":"epsilon","sigma_max":null,"timestep_spacing":"trailing","timestep_type":"discrete","steps_offset":1}"#;
        assert_eq!(
            SchedulerConfig::parse(turbo).unwrap().timestep_spacing,
            TimestepSpacing::Trailing
        );

        let lcm = br#"{"_class_name":"LCMScheduler","original_inference_steps":50,"timestep_scaling":10.0}"#;
        let config = SchedulerConfig::parse(lcm).unwrap();
        assert_eq!(
            (config.beta_start, config.beta_end, config.clip_sample),
            (0.00085, 0.012, false)
        );

        let ddpm = br#"{"_class_name":"DDPMScheduler","prediction_type":"v_prediction","variance_type":"fixed_small","rescale_betas_zero_snr":true}"#;
        let config = SchedulerConfig::parse(ddpm).unwrap();
        assert_eq!(
            (
                config.prediction_type,
                config.rescale_betas_zero_snr,
                config.clip_sample
            ),
            (PredictionType::VPrediction, true, true)
        );
    }

    #[test]
    fn absent_keys_take_ddims_defaults() {
        let config = SchedulerConfig::parse(b"{}").unwrap();
        assert_eq!(
            (config.beta_start, config.beta_end, config.beta_schedule),
            (0.0001, 0.02, BetaSchedule::Linear)
        );
        assert_eq!(
            (config.timestep_spacing, config.prediction_type),
            (TimestepSpacing::Leading, PredictionType::Epsilon)
        );
        assert!(config.set_alpha_to_one && config.clip_sample && !config.rescale_betas_zero_snr);
    }

    #[test]
    fn unsupported_options_are_refused_by_key_and_value() {
        for (json, key, value) in [
            (r#"{"thresholding":true}"#, "'thresholding'", "true"),
            (r#"{"trained_betas":[0.1]}"#, "'trained_betas'", "[0.1]"),
            (
                r#"{"beta_schedule":"sigmoid"}"#,
                "'beta_schedule'",
                "sigmoid",
            ),
            (r#"{"prediction_type":"flow"}"#, "'prediction_type'", "flow"),
            (
                r#"{"_class_name":"FlowMatchEulerDiscreteScheduler"}"#,
                "'_class_name'",
                "FlowMatchEulerDiscreteScheduler",
            ),
            (r#"{"beta_end":1.5}"#, "'beta_end'", "1.5"),
            (
                r#"{"original_inference_steps":0}"#,
                "'original_inference_steps'",
                "0",
            ),
        ] {
            let Err(Error::Config(message)) = SchedulerConfig::parse(json.as_bytes()) else {
                panic!("{json} was accepted")
            };
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
    }
}
