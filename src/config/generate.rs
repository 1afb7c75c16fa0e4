//! The settings of pictures.

use serde::{Deserialize, Serialize};

use super::SamplerKind;
use crate::error::{Error, Result};

/// Pictures of one call at most.
const MAX_IMAGES: usize = 256;

/// The settings of the pictures of one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "booth", derive(clap::Args))]
#[cfg_attr(feature = "page", derive(reactive_stores::Store))]
#[serde(default)]
pub struct GenerateConfig {
    /// What the picture should show.
    #[cfg_attr(feature = "booth", arg(long, value_name = "TEXT"))]
    pub prompt: String,
    /// What it should not show.
    #[cfg_attr(feature = "booth", arg(long, value_name = "TEXT"))]
    pub negative_prompt: String,
    /// Seed of the starting noise; picture i of a call has the seed + i.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub seed: u64,
    /// The sampling method.
    #[cfg_attr(feature = "booth", arg(long, value_enum, value_name = "NAME"))]
    pub sampler: SamplerKind,
    /// Sampling steps, 1 to the length of the noise schedule, usually 1000.
    #[serde(alias = "steps")]
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub num_inference_steps: usize,
    /// Scale of classifier-free guidance, 0 to 100; up to 1 there is none, which takes half the time.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub guidance_scale: f64,
    /// η of the sampler ddim, 0 to 1: 0 adds no noise in the steps, 1 as much as DDPM. 0 for the
    /// other samplers.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub eta: f64,
    /// Number of pictures, 1 to 256.
    #[serde(alias = "count")]
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub num_images_per_prompt: usize,
    /// A word of the prompt whose attention is shown; usually empty.
    #[cfg_attr(feature = "booth", arg(long, value_name = "WORD"))]
    pub attend_to: String,
    /// Decodes with the model's tiny autoencoder, if it has one: faster, less exact.
    #[cfg_attr(feature = "booth", arg(skip))]
    pub preview: bool,
}

impl Default for GenerateConfig {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            negative_prompt: String::new(),
            seed: 0,
            sampler: SamplerKind::default(),
            num_inference_steps: 25,
            guidance_scale: 4.0,
            eta: 0.0,
            num_images_per_prompt: 1,
            attend_to: String::new(),
            preview: false,
        }
    }
}

impl GenerateConfig {
    /// Checks the ranges, except for the number of sampling steps, which the sampler checks.
    ///
    /// # Errors
    /// `Settings`, with the value.
    pub fn check(&self) -> Result<()> {
        let wrong = if !(1..=MAX_IMAGES).contains(&self.num_images_per_prompt) {
            format!(
                "{} pictures were asked for, but one call makes 1 to {MAX_IMAGES}.",
                self.num_images_per_prompt
            )
        } else if !(0.0..=100.0).contains(&self.guidance_scale) {
            format!(
                "The guidance is {}, but it must be between 0 and 100; 7.5 is a good start.",
                self.guidance_scale
            )
        } else if !(0.0..=1.0).contains(&self.eta) {
            format!(
                "Eta is {}, but it must be between 0 and 1; 0 adds no noise.",
                self.eta
            )
        } else if self.eta > 0.0 && self.sampler != SamplerKind::Ddim {
            format!(
                "Eta is {}, but only the sampler ddim has one. Set eta to 0, or choose ddim.",
                self.eta
            )
        } else {
            return Ok(());
        };
        Err(Error::Settings(wrong))
    }

    /// A warning about settings that work but are seldom meant.
    pub fn warning(&self) -> Option<&'static str> {
        (self.sampler == SamplerKind::Lcm && self.guidance_scale > 2.0).then_some(
            "LCM is for bases that were distilled for it, which have guidance within them: with guidance above 2 pictures are overdrawn. 1 to 2 suits them, with 2 to 8 steps.",
        )
    }
}
