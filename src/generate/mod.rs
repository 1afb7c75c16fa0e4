//! Prompts to latents to pictures: classifier-free guidance around a sampling run.

mod pipeline;
mod word_map;

pub use crate::config::GenerateConfig;
pub use crate::generate::pipeline::Easel;
use crate::generate::pipeline::is_guided;

use core::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::unet::UNet2DConditionModel;
use crate::picture::Picture;
use crate::sampler::{Noise, Sampler};

/// Channels of a latent, in every Stable Diffusion.
const LATENT_CHANNELS: usize = 4;
/// Streams of [`Noise`]: the starting noise, and what is added on the way.
const LATENTS_STREAM: u64 = 1;
const VARIANCE_STREAM: u64 = 2;

/// Pictures and the latents that they were decoded from.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// `[count, 4, latent_height, latent_width]`, as sampled (not divided by the scaling factor).
    pub latents: Vec<f32>,
    /// Shape of `latents`.
    pub latents_shape: [usize; 4],
    /// `[count, 3, height, width]` in [0, 1].
    pub images: Vec<f32>,
    /// Shape of `images`.
    pub images_shape: [usize; 4],
    /// Where the word of [`GenerateConfig::attend_to`] looked, `[count, latent_height,
    /// latent_width]`, 0 to 1 in each picture; empty without a word.
    pub attention: Vec<f32>,
}

impl Generated {
    /// The picture at `index`, counted from 0.
    ///
    /// # Errors
    /// `Picture` if there is none.
    pub fn picture(&self, index: usize) -> Result<Picture> {
        let [_, channels, height, width] = self.images_shape;
        let size = channels * height * width;
        let values = self
            .images
            .get(index * size..(index + 1) * size)
            .unwrap_or_default();
        Picture::from_unit(values, height as u32, width as u32)
    }

    /// The picture at `index`, dark where the word of [`GenerateConfig::attend_to`] did not look.
    ///
    /// # Errors
    /// `Picture` if there is none, or no word.
    pub fn attention_picture(&self, index: usize) -> Result<Picture> {
        let [_, channels, height, width] = self.images_shape;
        let [_, _, rows, columns] = self.latents_shape;
        let map = self
            .attention
            .get(index * rows * columns..(index + 1) * rows * columns);
        let size = channels * height * width;
        let picture = self.images.get(index * size..(index + 1) * size);
        let (Some(map), Some(picture)) = (map, picture) else {
            return Err(Error::Picture(
                "There is no attention to show. Name a word of the prompt when the picture is made."
                    .into(),
            ));
        };
        let lit: Vec<f32> = picture
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let (y, x) = (at / width % height, at % width);
                let seen = map[y * rows / height * columns + x * columns / width];
                value * (0.15 + 0.85 * seen)
            })
            .collect();
        Picture::from_unit(&lit, height as u32, width as u32)
    }
}

/// Makes pictures of a prompt with `unet`, the base's own or one with deltas baked in.
///
/// `latents` is the starting noise `[count, 4, h, w]`, standard normal; without it, it follows from
/// the seed.
/// `on_step(done, total)` is awaited after every step, so that the caller can show progress, let
/// others run and stop the work; no value is read back from the device before the last step of a
/// batch, so on a GPU `done` steps are asked for but may not be finished.
///
/// # Errors
/// `Settings` for settings that cannot work, `Cancelled` if `on_step` breaks, `Device` if the
/// pictures cannot be read.
pub async fn generate(
    base: &BaseModel,
    unet: &UNet2DConditionModel,
    config: &GenerateConfig,
    latents: Option<Tensor<4>>,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Generated> {
    config.check()?;
    let prompts = if is_guided(unet, config) {
        vec![config.negative_prompt.clone(), config.prompt.clone()]
    } else {
        vec![config.prompt.clone()]
    };
    let word = words_of(base, config)?;
    let easel = Easel {
        scheduler: &base.scheduler,
        sample_size: base.sample_size,
        decode: &|latents| base.decode(latents, config.preview),
    };
    let embeddings = base.embed(&prompts);
    easel
        .sample(unet, config, embeddings, word, latents, on_step)
        .await
}

/// A whole sampling run: standard normal `latents` through `predict` at every timestep.
///
/// `noise` holds one generator per item of the batch; it is used only where the method adds noise.
/// `on_step(done, total)` is awaited after every step.
///
/// # Errors
/// `Cancelled` if `on_step` breaks.
pub async fn denoise(
    sampler: &mut Sampler,
    latents: Tensor<4>,
    noise: &mut [Noise],
    predict: impl Fn(Tensor<4>, f32) -> Tensor<4>,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Tensor<4>> {
    let total = sampler.timesteps().len();
    let mut sample = latents * sampler.init_noise_sigma();
    for index in 0..total {
        let timestep = sampler.timesteps()[index];
        let output = predict(sampler.scale_model_input(sample.clone(), index), timestep);
        let variance = sampler
            .needs_noise(index)
            .then(|| draw(noise, sample.dims(), &sample));
        sample = sampler.step(output, index, sample, variance);
        if on_step(index + 1, total).await.is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(sample)
}

/// The positions of the word whose attention is wanted, among the prompt's tokens.
fn words_of(base: &BaseModel, config: &GenerateConfig) -> Result<Option<Vec<usize>>> {
    let word = config.attend_to.trim();
    if word.is_empty() {
        return Ok(None);
    }
    let prompt = config.prompt.to_ascii_lowercase();
    let start = prompt.find(&word.to_ascii_lowercase());
    let tokens = start.map(|start| {
        let range = start..start + word.len();
        base.tokenizer.positions(&config.prompt, range)
    });
    tokens.filter(|tokens| !tokens.is_empty()).map(Some).ok_or_else(|| {
        Error::Settings(format!(
            "The word '{word}' is not in the prompt, so there is nothing to show of it. Choose a word of the prompt."
        ))
    })
}

/// `[2n, …]`, without the prompt and with it, to `[n, …]`: without + scale · (with − without).
fn guide(both: Tensor<4>, scale: f64) -> Tensor<4> {
    let n = both.dims()[0] / 2;
    let without = both.clone().narrow(0, 0, n);
    let with = both.narrow(0, n, n);
    without.clone() + (with - without) * scale
}

/// One generator per picture, so that a picture does not depend on how many others there are.
pub(crate) fn streams(seed: u64, first: usize, batch: usize, stream: u64) -> Vec<Noise> {
    (first..first + batch)
        .map(|picture| Noise::new(seed.wrapping_add(picture as u64), stream))
        .collect()
}

/// Standard normal `[batch, …]` on the device of `like`, one generator per item.
fn draw<const D: usize>(noise: &mut [Noise], shape: [usize; 4], like: &Tensor<D>) -> Tensor<4> {
    let size = shape[1..].iter().product();
    let values: Vec<f32> = noise
        .iter_mut()
        .flat_map(|noise| noise.normal(size))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &like.device())
}

/// The shape of the starting noise, the caller's or ours.
fn latents_shape(
    sample_size: usize,
    count: usize,
    latents: Option<&Tensor<4>>,
) -> Result<[usize; 4]> {
    let Some(latents) = latents else {
        return Ok([count, LATENT_CHANNELS, sample_size, sample_size]);
    };
    let shape = latents.dims();
    // UNets halve their input up to three times; the base's own size fits whatever they do.
    let fits = |side: usize| side == sample_size || (side > 0 && side.is_multiple_of(8));
    let [n, channels, height, width] = shape;
    if n == count && channels == LATENT_CHANNELS && fits(height) && fits(width) {
        return Ok(shape);
    }
    Err(Error::Settings(format!(
        "The starting noise has shape {shape:?}, but [{count}, {LATENT_CHANNELS}, {sample_size}, {sample_size}] was expected. Give noise for as many pictures as are asked for; height and width may also be multiples of 8."
    )))
}

/// Values read back, batch after batch.
#[derive(Default)]
struct Collected {
    latents: Vec<f32>,
    images: Vec<f32>,
    latents_shape: [usize; 4],
    images_shape: [usize; 4],
    attention: Vec<f32>,
}

impl Collected {
    async fn add(&mut self, latents: Tensor<4>, images: Tensor<4>) -> Result<()> {
        self.latents_shape = latents.dims();
        self.images_shape = images.dims();
        self.latents.extend(read(latents).await?);
        self.images.extend(read(images).await?);
        Ok(())
    }

    fn finish(self, count: usize) -> Generated {
        let with_count = |[_, c, h, w]: [usize; 4]| [count, c, h, w];
        Generated {
            latents_shape: with_count(self.latents_shape),
            images_shape: with_count(self.images_shape),
            latents: self.latents,
            images: self.images,
            attention: self.attention,
        }
    }
}

pub(crate) async fn read(tensor: Tensor<4>) -> Result<Vec<f32>> {
    let lost = |reason: String| {
        Error::Device(format!(
            "The pictures could not be read from the device ({reason}). It usually ran out of memory: ask for fewer pictures, or use the CPU."
        ))
    };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| lost(format!("{error:?}")))?;
    data.try_into_vec::<f32>()
        .map_err(|error| lost(format!("{error:?}")))
}

#[cfg(test)]
mod tests;
