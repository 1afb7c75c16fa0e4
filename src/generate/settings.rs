//! What a picture is asked for.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sampler::SamplerKind;

/// Most pictures of one call.
const MAX_COUNT: usize = 256;

/// What a picture is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateSettings {
    /// What the picture should show.
    pub prompt: String,
    /// What it should not show.
    pub negative_prompt: String,
    /// Picture i begins with the noise of `seed + i`, however many there are.
    pub seed: u64,
    /// The sampling method.
    pub sampler: SamplerKind,
    /// Sampling steps.
    pub steps: usize,
    /// Classifier-free guidance; up to 1 the prompt alone decides, in half the time.
    pub guidance_scale: f64,
    /// DDIM's η, 0 to 1, and 0 for the other methods: 0 adds no noise on the way, 1 as much as DDPM.
    pub eta: f64,
    /// Pictures.
    pub count: usize,
    /// A word of the prompt whose attention is to be shown; usually empty.
    pub attend_to: String,
    /// Decodes by the base's tiny autoencoder, if it has one: quicker, less exact.
    pub preview: bool,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            negative_prompt: String::new(),
            seed: 0,
            sampler: SamplerKind::default(),
            steps: 25,
            guidance_scale: 7.5,
            eta: 0.0,
            count: 1,
            attend_to: String::new(),
            preview: false,
        }
    }
}

impl GenerateSettings {
    /// # Errors
    /// `Settings`, naming the value that cannot work.
    pub fn check(&self) -> Result<()> {
        let wrong = if self.count == 0 || self.count > MAX_COUNT {
            format!(
                "{} pictures were asked for, but one call makes 1 to {MAX_COUNT}.",
                self.count
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

    /// What to know about settings that work but are seldom meant.
    pub fn note(&self) -> Option<&'static str> {
        (self.sampler == SamplerKind::Lcm && self.guidance_scale > 2.0).then_some(
            "LCM is for bases that were distilled for it, which have guidance within them: with guidance above 2 pictures are overdrawn. 1 to 2 suits them, with 2 to 8 steps.",
        )
    }
}
