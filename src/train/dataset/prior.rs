//! The classes as the base sees them (DreamBooth's prior preservation).
//!
//! The base makes the class pictures itself, and what is kept is the sampler's final latents.
//! DreamBooth decodes them to pictures and encodes those again, only because its data set is a
//! folder of pictures; the loss sees latents in both cases, and without the detour they are free
//! of the autoencoder's error and cost no encoding. They are part of the checkpoint, so a resumed
//! run keeps the class that it began with.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::generate::{GenerateConfig, generate};
use crate::model::base_model::BaseModel;

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
/// And those of one subject's class from the next one's, and of one prompt from the next one.
const STREAM_OFFSETS: [u64; 2] = [0x1_0000, 0x400];

/// Pictures of one class, as latents and as pixels.
pub(crate) struct ClassPictures {
    /// Final latents, already scaled, each `[channels, height, width]`.
    pub(crate) latents: Vec<Vec<f32>>,
    /// The same decoded, each `[3, size, size]` in [-1, 1].
    pub(crate) pictures: Vec<Vec<f32>>,
}

/// `wanted` pictures that the base makes of `prompt`: of the class of subject number `stream[0]`, its
/// prompt number `stream[1]`.
///
/// `on_step` hears of pictures done after every sampling step.
///
/// # Errors
/// `Cancelled` when `on_step` breaks; what the generation reports.
pub(crate) async fn class_pictures(
    base: &BaseModel,
    prompt: &str,
    wanted: usize,
    seed: u64,
    stream: [u64; 2],
    on_step: &mut impl AsyncFnMut(usize) -> ControlFlow<()>,
) -> Result<ClassPictures> {
    let mut class = ClassPictures {
        latents: Vec::with_capacity(wanted),
        pictures: Vec::with_capacity(wanted),
    };
    while class.latents.len() < wanted {
        let done = class.latents.len();
        let count = BATCH.min(wanted - done);
        let request = GenerateConfig {
            prompt: prompt.to_owned(),
            seed: seed
                .wrapping_add(SEED_OFFSET)
                .wrapping_add(stream[0].wrapping_mul(STREAM_OFFSETS[0]))
                .wrapping_add(stream[1].wrapping_mul(STREAM_OFFSETS[1]))
                .wrapping_add(done as u64),
            num_inference_steps: STEPS,
            guidance_scale: GUIDANCE,
            num_images_per_prompt: count,
            ..GenerateConfig::default()
        };
        let mut report =
            async |step: usize, steps: usize| on_step(done + count * step / steps.max(1)).await;
        let made = generate(base, &base.unet, &request, None, &mut report).await?;
        let parts = |values: &[f32]| -> Vec<Vec<f32>> {
            let size = values.len() / count;
            values.chunks_exact(size).map(<[f32]>::to_vec).collect()
        };
        class.latents.extend(parts(&made.latents));
        let pixels: Vec<f32> = made.images.iter().map(|value| value * 2.0 - 1.0).collect();
        class.pictures.extend(parts(&pixels));
    }
    Ok(class)
}
