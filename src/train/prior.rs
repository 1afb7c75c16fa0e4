//! The class as the base sees it (DreamBooth's prior preservation).
//!
//! The base makes the class pictures itself, and what is kept is the sampler's final latents.
//! DreamBooth decodes them to pictures and encodes those again, only because its data set is a
//! folder of pictures; the loss sees latents in both cases, and without the detour they are free
//! of the autoencoder's error and cost no encoding. They are part of the checkpoint, so a resumed
//! run keeps the class that it began with.

use std::ops::ControlFlow;

use super::settings::TrainSettings;
use super::subject::class_prompt;
use crate::error::Result;
use crate::generate::{GenerateSettings, generate};
use crate::model::base::Base;

/// Class pictures of one call; `generate` takes as many through the UNet together.
const BATCH: usize = 8;
/// DDIM steps of a class picture.
const STEPS: usize = 25;
/// No classifier-free guidance: of the base's own unguided samples the base is the best predictor,
/// so the prior loss pulls nowhere else. Guided ones (DreamBooth's pipeline takes 7.5) teach the
/// class their exaggerated contrast, and cost twice as much.
const GUIDANCE: f64 = 1.0;
/// Keeps the class pictures' seeds apart from those that a person tries.
const SEED_OFFSET: u64 = 0x7072_696f_7200_0000;

/// Final latents of `settings.prior_images` pictures of the class, already scaled, each
/// `[channels, height, width]`; none when the prior has no weight.
///
/// `on_step` hears of pictures done and pictures wanted after every sampling step.
///
/// # Errors
/// `Cancelled` when `on_step` breaks; what the generation reports.
pub async fn class_latents(
    base: &Base,
    settings: &TrainSettings,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Vec<f32>>> {
    let wanted = if settings.uses_prior() {
        settings.prior_images
    } else {
        0
    };
    let mut latents: Vec<Vec<f32>> = Vec::with_capacity(wanted);
    while latents.len() < wanted {
        let done = latents.len();
        let count = BATCH.min(wanted - done);
        let request = GenerateSettings {
            prompt: class_prompt(settings),
            seed: settings
                .seed
                .wrapping_add(SEED_OFFSET)
                .wrapping_add(done as u64),
            steps: STEPS,
            guidance_scale: GUIDANCE,
            count,
            ..GenerateSettings::default()
        };
        let mut report = async |step: usize, steps: usize| {
            on_step(done + count * step / steps.max(1), wanted).await
        };
        let made = generate(base, &base.unet, &request, None, &mut report).await?;
        let size = made.latents.len() / count;
        latents.extend(made.latents.chunks_exact(size).map(<[f32]>::to_vec));
    }
    Ok(latents)
}
