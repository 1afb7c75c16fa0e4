//! What makes pictures of embedded prompts: the sampling loop, picture after picture.

use core::ops::ControlFlow;

use burn::tensor::Tensor;

use crate::error::Result;
use crate::generate::word_map::WordMap;
use crate::generate::{
    Collected, GenerateConfig, Generated, LATENTS_STREAM, VARIANCE_STREAM, denoise, draw, guide,
    latents_shape, streams,
};
use crate::model::config::SchedulerConfig;
use crate::model::unet::UNet2DConditionModel;
use crate::sampler::{NoiseSchedule, Sampler};

/// Small pictures that go through the UNet together; guidance doubles it.
const BATCH: usize = 8;
/// Latents of more pixels a side go through it one by one: that is what a plan counts with.
const SMALL_SIDE: usize = 16;

/// The parts of a base that pictures of embedded prompts need, beside the UNet.
pub struct Easel<'a> {
    /// The noise schedule that the base was trained with.
    pub scheduler: &'a SchedulerConfig,
    /// Side of the latents, in latent pixels.
    pub sample_size: usize,
    /// Latents as the UNet knows them to pictures, about [-1, 1].
    pub decode: &'a dyn Fn(Tensor<4>) -> Tensor<4>,
}

impl Easel<'_> {
    /// Pictures of a prompt; `embeddings` are those without it and with it, `[2, tokens, channels]`.
    ///
    /// # Errors
    /// Those of [`generate`](crate::generate::generate).
    pub async fn paint(
        &self,
        unet: &UNet2DConditionModel,
        config: &GenerateConfig,
        embeddings: Tensor<3>,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Generated> {
        config.check()?;
        let prompts = embeddings.dims()[0];
        let embeddings = if is_guided(unet, config) {
            embeddings
        } else {
            embeddings.narrow(0, prompts - 1, 1)
        };
        self.sample(unet, config, embeddings, None, None, on_step)
            .await
    }

    /// The same for one prompt or two, as guidance needs it; `word` are the positions of the word
    /// whose attention is wanted, `latents` the starting noise if it is the caller's.
    pub(crate) async fn sample(
        &self,
        unet: &UNet2DConditionModel,
        config: &GenerateConfig,
        embeddings: Tensor<3>,
        word: Option<Vec<usize>>,
        latents: Option<Tensor<4>>,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Generated> {
        let schedule = NoiseSchedule::new(self.scheduler)?;
        let mut sampler = Sampler::new(
            config.sampler,
            schedule,
            config.num_inference_steps,
            config.eta,
        )?;
        let shape = latents_shape(
            self.sample_size,
            config.num_images_per_prompt,
            latents.as_ref(),
        )?;
        let guidance = |batch| unet.guidance_embedding(config.guidance_scale, batch);
        let prompts = embeddings.dims()[0];
        let device = embeddings.device();
        let together = if shape[2].max(shape[3]) > SMALL_SIDE {
            1
        } else {
            BATCH
        };

        let mut collected = Collected::default();
        let total = shape[0].div_ceil(together) * config.num_inference_steps;
        for first in (0..shape[0]).step_by(together) {
            let batch = together.min(shape[0] - first);
            let start = match &latents {
                Some(latents) => latents.clone().narrow(0, first, batch).to_device(&device),
                None => {
                    let mut streams = streams(config.seed, first, batch, LATENTS_STREAM);
                    draw(
                        &mut streams,
                        [batch, shape[1], shape[2], shape[3]],
                        &embeddings,
                    )
                }
            };
            let embeddings = Tensor::cat(
                (0..prompts)
                    .map(|p| embeddings.clone().narrow(0, p, 1).repeat_dim(0, batch))
                    .collect(),
                0,
            );
            let map = word.clone().map(WordMap::new);
            let predict = |latents: Tensor<4>, timestep: f32| {
                let [n, ..] = latents.dims();
                let timesteps = Tensor::full([n * prompts], timestep, &latents.device());
                let samples = Tensor::cat(vec![latents; prompts], 0);
                let output = match &map {
                    None => {
                        unet.forward_guided(samples, timesteps, embeddings.clone(), guidance(n))
                    }
                    Some(map) => {
                        let (output, maps) = unet.forward_guided_with_maps(
                            samples,
                            timesteps,
                            embeddings.clone(),
                            guidance(n),
                        );
                        map.add(&maps, n);
                        output
                    }
                };
                if prompts > 1 {
                    guide(output, config.guidance_scale)
                } else {
                    output
                }
            };
            let before = first / together * config.num_inference_steps;
            let mut report = async |done: usize, _: usize| on_step(before + done, total).await;
            let mut variance = streams(config.seed, first, batch, VARIANCE_STREAM);
            let sampled = denoise(&mut sampler, start, &mut variance, predict, &mut report).await?;
            let decoded = (self.decode)(sampled.clone());
            collected
                .add(sampled, (decoded / 2.0 + 0.5).clamp(0.0, 1.0))
                .await?;
            if let Some(map) = map {
                let size = [shape[2], shape[3]];
                collected.attention.extend(map.finish(batch, size).await?);
            }
        }
        Ok(collected.finish(shape[0]))
    }
}

/// Whether the UNet is asked twice, without the prompt and with it. Latent consistency models are
/// told the scale instead.
pub(crate) fn is_guided(unet: &UNet2DConditionModel, config: &GenerateConfig) -> bool {
    config.guidance_scale > 1.0 && unet.guidance_embedding(config.guidance_scale, 1).is_none()
}
