//! One batch: which picture or collage, which timestep, which noise.
//!
//! Everything random is drawn here, on the CPU, from one seeded stream and in one fixed order, so
//! that the stream's position and the step's number are all a checkpoint has to keep of it.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::loss::{Batch, Text};
use crate::config::{TimestepSampling, TrainConfig};
use crate::error::{Error, Result};
use crate::sampler::noise::Noise;
use crate::train::dataset::sample::{Latents, Sample, Shows};
use crate::train::loss::unmix::Regions;

/// Parts of the schedule that stratified timesteps go through; a power of two.
const STRATA: usize = 16;

/// The texts of a run: what a frozen text encoder made of them, or their tokens for one that is
/// trained.
#[derive(Clone, Debug)]
pub enum Texts {
    /// `[prompts, tokens, channels]`.
    Embeddings(Tensor<3>),
    /// `[prompts, tokens]`.
    Ids(Tensor<2, Int>),
}

/// What a run trains on; the same from the first step to the last.
#[derive(Clone, Debug)]
pub struct Material {
    /// Shape of one latent: channels, height, width.
    pub shape: [usize; 3],
    /// The VAE's factor between its latents and the UNet's.
    pub scaling_factor: f32,
    /// Everything that can be drawn.
    pub samples: Vec<Sample>,
    /// Which of `texts` each sample has.
    pub captions: Vec<usize>,
    /// The distinct captions.
    pub texts: Texts,
    /// Timesteps of the schedule.
    pub timesteps: usize,
}

impl Material {
    /// Draws the samples of step number `step`: the subjects' first, then those of the classes of
    /// the first of them, if there are class pictures.
    ///
    /// Order of the draws, for each sample: collage or subject (with several subjects), picture,
    /// timestep, the VAE's noise (not for latents that are exact), noise.
    pub fn draw(
        &self,
        config: &TrainConfig,
        step: usize,
        noise: &mut Noise,
        device: &Device,
    ) -> Batch {
        let [channels, height, width] = self.shape;
        let size = channels * height * width;
        let kinds: Vec<Shows> = (0..config.train_batch_size)
            .map(|_| {
                if config.mixes() && noise.uniform() < config.mix_probability {
                    Shows::Collage
                } else {
                    Shows::Subject(noise.below(config.subjects.len()))
                }
            })
            .collect();
        let mut kinds_and_classes = kinds.clone();
        if config.uses_prior() {
            let classes = kinds.iter().take(config.prior_batch_size);
            kinds_and_classes.extend(classes.map(|kind| kind.of_the_class()));
        }
        let [first, last] = timestep_bounds(config.timestep_range, self.timesteps);
        let count = last - first + 1;
        let mut batch = Drawn::default();
        for (index, kind) in kinds_and_classes.into_iter().enumerate() {
            let of_kind: Vec<usize> = (0..self.samples.len())
                .filter(|&at| self.samples[at].shows == kind)
                .collect();
            let at = of_kind[noise.below(of_kind.len())];
            let place = index % config.train_batch_size;
            let timestep = match config.timestep_sampling {
                TimestepSampling::Antithetic if place % 2 == 1 => {
                    first + last - batch.timesteps[index - 1]
                }
                TimestepSampling::Stratified => {
                    let stratum = stratum(step * config.train_batch_size + place);
                    let start = first + count * stratum / STRATA;
                    let end = first + count * (stratum + 1) / STRATA;
                    start + noise.below((end - start).max(1))
                }
                _ => first + noise.below(count),
            };
            batch.timesteps.push(timestep);
            match &self.samples[at].latents {
                Latents::Exact(latents) => batch.latents.extend_from_slice(latents),
                Latents::Encoded(picture) => {
                    let posterior = noise.normal(size);
                    let drawn = picture.sample(&posterior, self.scaling_factor);
                    batch.latents.extend(drawn);
                }
            }
            batch.noise.extend(noise.normal(size));
            batch.captions.push(self.captions[at]);
            if index < config.train_batch_size {
                batch.regions.push(self.samples[at].collage.clone());
            }
        }
        let shape = [batch.timesteps.len(), channels, height, width];
        Batch {
            latents: Tensor::from_data(TensorData::new(batch.latents, shape), device),
            noise: Tensor::from_data(TensorData::new(batch.noise, shape), device),
            text: self.texts.select(&batch.captions),
            timesteps: batch.timesteps,
            subjects: config.train_batch_size,
            regions: batch.regions,
        }
    }
}

#[derive(Default)]
struct Drawn {
    latents: Vec<f32>,
    noise: Vec<f32>,
    timesteps: Vec<usize>,
    captions: Vec<usize>,
    regions: Vec<Option<Regions>>,
}

impl Texts {
    fn select(&self, captions: &[usize]) -> Text {
        match self {
            Self::Embeddings(all) => Text::Embeddings(Tensor::cat(
                captions
                    .iter()
                    .map(|&at| all.clone().narrow(0, at, 1))
                    .collect(),
                0,
            )),
            Self::Ids(all) => Text::Ids(Tensor::cat(
                captions
                    .iter()
                    .map(|&at| all.clone().narrow(0, at, 1))
                    .collect(),
                0,
            )),
        }
    }
}

/// The first and the last timestep of a part of a schedule with `count` timesteps.
fn timestep_bounds(range: [f64; 2], count: usize) -> [usize; 2] {
    let at = |part: f64| (part * count as f64).round() as usize;
    let first = at(range[0]).min(count.saturating_sub(1));
    [first, at(range[1]).max(first + 1) - 1]
}

/// The parts of the schedule in an order in which neighbours are far apart: the bits of the number
/// from behind (van der Corput's sequence).
fn stratum(number: usize) -> usize {
    let bits = STRATA.trailing_zeros();
    (number % STRATA).reverse_bits() >> (usize::BITS - bits)
}

/// A tensor's values, row by row; waits without blocking the thread where the device can.
///
/// # Errors
/// `Device` when the device was lost.
pub(super) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let lost = |why: String| {
        Error::Device(format!(
            "The device did not hand back its numbers ({why}), so the run cannot go on. Start \
             again from the last checkpoint."
        ))
    };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| lost(format!("{error:?}")))?;
    data.try_to_vec()
        .map_err(|error| lost(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SubjectWords;
    use crate::train::dataset::sample::PictureLatents;

    /// Two subjects with two pictures each, two collages, and the same of their classes.
    fn material() -> Material {
        let encoded = |value: f32| {
            Latents::Encoded(PictureLatents {
                mean: vec![value; 4],
                log_variance: vec![-100.0; 4],
            })
        };
        let shown = [Shows::Subject(0), Shows::Subject(1), Shows::Collage];
        let samples: Vec<Sample> = shown
            .into_iter()
            .flat_map(|shows| [shows, shows.of_the_class()])
            .enumerate()
            .flat_map(|(at, shows)| {
                (0..2).map(move |_| Sample {
                    shows,
                    caption: String::new(),
                    collage: None,
                    latents: encoded(at as f32),
                })
            })
            .collect();
        Material {
            shape: [1, 2, 2],
            scaling_factor: 1.0,
            captions: (0..samples.len()).collect(),
            texts: Texts::Embeddings(Tensor::zeros([samples.len(), 1, 1], &Device::flex())),
            samples,
            timesteps: 1000,
        }
    }

    fn config() -> TrainConfig {
        TrainConfig {
            subjects: vec![
                SubjectWords::new("sks", "dog"),
                SubjectWords::new("olis", "cat"),
            ],
            train_batch_size: 1,
            prior_batch_size: 1,
            timestep_sampling: TimestepSampling::Uniform,
            ..TrainConfig::default()
        }
    }

    /// What the samples of a batch show, told by their latents.
    fn shown(batch: &Batch) -> Vec<usize> {
        let values: Vec<f32> = batch
            .latents
            .clone()
            .into_data()
            .try_to_vec()
            .unwrap_or_default();
        values.chunks(4).map(|v| v[0].round() as usize).collect()
    }

    #[test]
    fn six_of_ten_steps_see_a_collage_and_the_class_is_of_the_same_kind() {
        let (material, config) = (material(), config());
        let mut noise = Noise::new(0, 0);
        let mut collages = 0;
        let mut subjects = [0; 2];
        for step in 0..500 {
            let batch = material.draw(&config, step, &mut noise, &Device::flex());
            let shown = shown(&batch);
            assert_eq!(shown[1], shown[0] + 1, "the class of what is shown");
            match shown[0] {
                4 => collages += 1,
                subject => subjects[subject / 2] += 1,
            }
        }
        assert!((260..=340).contains(&collages), "{collages} of 500");
        assert!(subjects.iter().all(|&n| n > 60), "{subjects:?}");
    }

    #[test]
    fn stratified_timesteps_go_through_the_whole_schedule_every_sixteen_steps() {
        let config = TrainConfig {
            timestep_sampling: TimestepSampling::Stratified,
            ..config()
        };
        let (material, mut noise) = (material(), Noise::new(0, 0));
        let mut seen: Vec<usize> = (0..16)
            .map(|step| {
                let batch = material.draw(&config, step, &mut noise, &Device::flex());
                batch.timesteps[0] * 16 / 1000
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..16).collect::<Vec<usize>>());
    }

    #[test]
    fn timesteps_stay_within_their_part_of_the_schedule() {
        for timesteps in [
            TimestepSampling::Uniform,
            TimestepSampling::Stratified,
            TimestepSampling::Antithetic,
        ] {
            let config = TrainConfig {
                timestep_sampling: timesteps,
                timestep_range: [0.2, 0.75],
                train_batch_size: 2,
                prior_batch_size: 2,
                ..config()
            };
            let (material, mut noise) = (material(), Noise::new(0, 0));
            let drawn: Vec<usize> = (0..200)
                .flat_map(|step| {
                    material
                        .draw(&config, step, &mut noise, &Device::flex())
                        .timesteps
                })
                .collect();
            assert!(
                drawn.iter().all(|t| (200..750).contains(t)),
                "{timesteps:?}"
            );
            let ends = [drawn.iter().min(), drawn.iter().max()];
            assert!(matches!(ends, [Some(..230), Some(720..)]), "{ends:?}");
        }
    }

    #[test]
    fn antithetic_pairs_mirror_each_other_in_the_schedule() {
        let config = TrainConfig {
            timestep_sampling: TimestepSampling::Antithetic,
            train_batch_size: 4,
            prior_batch_size: 4,
            ..config()
        };
        let (material, mut noise) = (material(), Noise::new(0, 0));
        let batch = material.draw(&config, 0, &mut noise, &Device::flex());
        assert_eq!(batch.timesteps.len(), 8);
        for pair in batch.timesteps.chunks(2) {
            assert_eq!(pair[0] + pair[1], 999);
        }
    }
}
