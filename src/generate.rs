//! Prompts to latents to pictures: classifier-free guidance around a DDIM run.

use core::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::base::Base;
use crate::model::unet::UNet2DConditionModel;
use crate::picture::Picture;
use crate::sampler::{Ddim, Noise, NoiseSchedule};

/// Channels of a latent, in every Stable Diffusion.
const LATENT_CHANNELS: usize = 4;
/// Pictures that go through the UNet together; guidance doubles it.
const BATCH: usize = 8;
/// Most pictures of one call.
const MAX_COUNT: usize = 256;
/// Streams of [`Noise`]: the starting noise, and what η adds.
const LATENTS_STREAM: u64 = 1;
const VARIANCE_STREAM: u64 = 2;

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
    /// Sampling steps.
    pub steps: usize,
    /// Classifier-free guidance; up to 1 the prompt alone decides, in half the time.
    pub guidance_scale: f64,
    /// DDIM's η, 0 to 1: 0 adds no noise on the way, 1 as much as DDPM.
    pub eta: f64,
    /// Pictures.
    pub count: usize,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            negative_prompt: String::new(),
            seed: 0,
            steps: 25,
            guidance_scale: 7.5,
            eta: 0.0,
            count: 1,
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
        } else {
            return Ok(());
        };
        Err(Error::Settings(wrong))
    }
}

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
}

/// Makes pictures of a prompt with `unet`, the base's own or one with deltas baked in.
///
/// `latents` is the starting noise `[count, 4, h, w]`; without it, it follows from the seed.
/// `on_step(done, total)` is awaited after every step, so that the caller can show progress, let
/// others run and stop the work; no value is read back from the device before the last step of a
/// batch, so on a GPU `done` steps are asked for but may not be finished.
///
/// # Errors
/// `Settings` for settings that cannot work, `Cancelled` if `on_step` breaks, `Device` if the
/// pictures cannot be read.
pub async fn generate(
    base: &Base,
    unet: &UNet2DConditionModel,
    settings: &GenerateSettings,
    latents: Option<Tensor<4>>,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Generated> {
    settings.check()?;
    let ddim = Ddim::new(NoiseSchedule::new(&base.scheduler)?, settings.steps)?;
    let shape = latents_shape(base.sample_size, settings.count, latents.as_ref())?;
    let guided = settings.guidance_scale > 1.0;
    let prompts = if guided {
        vec![settings.negative_prompt.clone(), settings.prompt.clone()]
    } else {
        vec![settings.prompt.clone()]
    };
    let embeddings = base.embed(&prompts);
    let device = embeddings.device();

    let mut collected = Collected::default();
    let total = shape[0].div_ceil(BATCH) * settings.steps;
    for first in (0..shape[0]).step_by(BATCH) {
        let batch = BATCH.min(shape[0] - first);
        let start = match &latents {
            Some(latents) => latents.clone().narrow(0, first, batch).to_device(&device),
            None => {
                let mut streams = streams(settings.seed, first, batch, LATENTS_STREAM);
                draw(
                    &mut streams,
                    [batch, shape[1], shape[2], shape[3]],
                    &embeddings,
                )
            }
        };
        let embeddings = Tensor::cat(
            (0..prompts.len())
                .map(|p| embeddings.clone().narrow(0, p, 1).repeat_dim(0, batch))
                .collect(),
            0,
        );
        let predict = |latents: Tensor<4>, timestep: usize| {
            let [n, ..] = latents.dims();
            let copies = prompts.len();
            let timesteps = Tensor::full([n * copies], timestep as f32, &latents.device());
            if !guided {
                return unet.forward(latents, timesteps, embeddings.clone());
            }
            let twice = Tensor::cat(vec![latents.clone(), latents], 0);
            let both = unet.forward(twice, timesteps, embeddings.clone());
            guide(both, settings.guidance_scale)
        };
        let before = first / BATCH * settings.steps;
        let mut report = async |done: usize, _: usize| on_step(before + done, total).await;
        let mut variance = streams(settings.seed, first, batch, VARIANCE_STREAM);
        let sampled = denoise(
            &ddim,
            start,
            settings.eta,
            &mut variance,
            predict,
            &mut report,
        )
        .await?;
        let decoded = base.vae.decode(sampled.clone() / base.vae.scaling_factor());
        collected
            .add(sampled, (decoded / 2.0 + 0.5).clamp(0.0, 1.0))
            .await?;
    }
    Ok(collected.finish(shape[0]))
}

/// A whole DDIM run: `latents` through `predict` at every timestep.
///
/// `noise` holds one generator per item of the batch; it is used only with `eta` above 0.
/// `on_step(done, total)` is awaited after every step.
///
/// # Errors
/// `Cancelled` if `on_step` breaks.
pub async fn denoise(
    ddim: &Ddim,
    mut latents: Tensor<4>,
    eta: f64,
    noise: &mut [Noise],
    predict: impl Fn(Tensor<4>, usize) -> Tensor<4>,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Tensor<4>> {
    let total = ddim.timesteps().len();
    for (index, &timestep) in ddim.timesteps().iter().enumerate() {
        let output = predict(latents.clone(), timestep);
        let variance_noise = (eta > 0.0).then(|| draw(noise, latents.dims(), &latents));
        latents = ddim.step(output, timestep, latents, eta, variance_noise);
        if on_step(index + 1, total).await.is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(latents)
}

/// `[2n, …]`, without the prompt and with it, to `[n, …]`: without + scale · (with − without).
fn guide(both: Tensor<4>, scale: f64) -> Tensor<4> {
    let n = both.dims()[0] / 2;
    let without = both.clone().narrow(0, 0, n);
    let with = both.narrow(0, n, n);
    without.clone() + (with - without) * scale
}

/// One generator per picture, so that a picture does not depend on how many others there are.
fn streams(seed: u64, first: usize, batch: usize, stream: u64) -> Vec<Noise> {
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
        }
    }
}

async fn read(tensor: Tensor<4>) -> Result<Vec<f32>> {
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use burn::tensor::Device;

    use super::*;
    use crate::model::config::SchedulerConfig;

    fn ddim() -> Ddim {
        let config =
            SchedulerConfig::parse(br#"{"beta_schedule":"scaled_linear","clip_sample":false}"#)
                .unwrap();
        Ddim::new(NoiseSchedule::new(&config).unwrap(), 4).unwrap()
    }

    fn numbers(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().to_vec().unwrap()
    }

    /// A run of the pictures `first..first + batch` of seed 5.
    fn run(first: usize, batch: usize, eta: f64) -> Vec<f32> {
        let like = Tensor::<1>::zeros([1], &Device::flex());
        let start = draw(
            &mut streams(5, first, batch, LATENTS_STREAM),
            [batch, 4, 2, 2],
            &like,
        );
        let mut variance = streams(5, first, batch, VARIANCE_STREAM);
        let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
        let predict = |latents: Tensor<4>, timestep: usize| latents * 0.9 - timestep as f64 * 1e-4;
        numbers(
            pollster::block_on(denoise(
                &ddim(),
                start,
                eta,
                &mut variance,
                predict,
                &mut go_on,
            ))
            .unwrap(),
        )
    }

    #[test]
    fn a_picture_does_not_depend_on_how_many_others_are_made() {
        for eta in [0.0, 0.7] {
            let together = run(0, 3, eta);
            let apart: Vec<f32> = (0..3).flat_map(|picture| run(picture, 1, eta)).collect();
            assert_eq!(together, apart);
            assert_ne!(together[..16], together[16..32]);
        }
        assert_ne!(run(0, 1, 0.0), run(0, 1, 0.7), "eta must add noise");
    }

    #[test]
    fn a_run_stops_at_the_step_that_asks_for_it() {
        let mut seen = Vec::new();
        let mut stop = async |done: usize, total: usize| {
            seen.push((done, total));
            if done == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let start = Tensor::zeros([1, 4, 2, 2], &Device::flex());
        let result = pollster::block_on(denoise(
            &ddim(),
            start,
            0.0,
            &mut [],
            |latents, _| latents,
            &mut stop,
        ));
        assert_eq!(result.unwrap_err(), Error::Cancelled);
        assert_eq!(seen, [(1, 4), (2, 4)]);
    }

    #[test]
    fn guidance_leads_away_from_the_negative_prompt() {
        let both = Tensor::<4>::from_data(
            TensorData::new(vec![1.0_f32, 2.0, 3.0, 0.0], [2, 1, 1, 2]),
            &Device::flex(),
        );
        assert_eq!(numbers(guide(both.clone(), 1.0)), [3.0, 0.0]);
        assert_eq!(numbers(guide(both, 7.5)), [16.0, -13.0]);
    }

    #[test]
    fn settings_that_cannot_work_are_refused_with_their_value() {
        assert_eq!(GenerateSettings::default().check(), Ok(()));
        for (settings, word) in [
            (
                GenerateSettings {
                    count: 0,
                    ..Default::default()
                },
                "0 pictures",
            ),
            (
                GenerateSettings {
                    count: 257,
                    ..Default::default()
                },
                "257 pictures",
            ),
            (
                GenerateSettings {
                    guidance_scale: f64::NAN,
                    ..Default::default()
                },
                "NaN",
            ),
            (
                GenerateSettings {
                    guidance_scale: -1.0,
                    ..Default::default()
                },
                "-1",
            ),
            (
                GenerateSettings {
                    eta: 1.5,
                    ..Default::default()
                },
                "1.5",
            ),
        ] {
            let error = settings.check().unwrap_err();
            assert!(
                matches!(&error, Error::Settings(text) if text.contains(word)),
                "{error}"
            );
        }
    }

    #[test]
    fn starting_noise_of_another_shape_is_refused() {
        let noise = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &Device::flex());
        assert_eq!(latents_shape(12, 3, None).unwrap(), [3, 4, 12, 12]);
        assert_eq!(
            latents_shape(12, 2, Some(&noise([2, 4, 12, 16]))).unwrap(),
            [2, 4, 12, 16]
        );
        for shape in [
            [1, 4, 12, 12],
            [2, 3, 12, 12],
            [2, 4, 12, 13],
            [2, 4, 0, 12],
        ] {
            let error = latents_shape(12, 2, Some(&noise(shape))).unwrap_err();
            assert!(error.to_string().contains(&format!("{shape:?}")), "{error}");
        }
    }

    #[test]
    fn pictures_become_bytes_as_in_diffusers() {
        let generated = Generated {
            latents: vec![],
            latents_shape: [2, 4, 0, 0],
            images: vec![0.0, 1.0, 0.5, 0.25, 0.1, 0.9, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            images_shape: [2, 3, 1, 2],
        };
        assert_eq!(
            generated.picture(0).unwrap().rgb(),
            [0, 128, 26, 255, 64, 230]
        );
        assert_eq!(generated.picture(1).unwrap().rgb(), [255, 0, 0, 0, 0, 0]);
        assert!(generated.picture(2).is_err());
    }
}
