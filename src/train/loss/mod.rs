//! ε-MSE + λ · prior MSE + weight · unmix loss, all from one pass through the UNet.
//!
//! As diffusers' train_dreambooth: the batch holds the subject's samples first and the class's
//! after them; the prediction is cut in two and each half has a mean of its own:
//!
//! ```text
//! L = mean‖UNet(√ᾱ_t z + √(1−ᾱ_t) n, t, c) − target‖² + λ · mean‖the same for the class‖²
//! ```
//!
//! The target is what the schedule predicts: ε = n, or v = √ᾱ_t n − √(1−ᾱ_t) z. With min-SNR each
//! sample's mean is weighted by its timestep.

pub mod gradient;
pub mod recompute;
pub mod unmix;

use burn::tensor::{Int, Tensor, TensorData};

use crate::config::TrainConfig;
use crate::error::Result;
use crate::model::config::PredictionType;
use crate::model::unet::attention_maps::AttentionMap;
use crate::sampler::schedule::NoiseSchedule;
use crate::train::loss::unmix::{Regions, unmix_loss};
use crate::train::trainable_models::Tuned;

/// The captions of a batch: as embeddings, or as tokens for a text encoder that is trained.
#[derive(Clone, Debug)]
pub enum Text {
    /// `[batch, tokens, channels]`.
    Embeddings(Tensor<3>),
    /// `[batch, tokens]`.
    Ids(Tensor<2, Int>),
}

/// One batch, everything explicit: nothing in this file draws a random number.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Clean latents, scaled, `[batch, channels, height, width]`; the subject's first.
    pub latents: Tensor<4>,
    /// Noise of the same shape.
    pub noise: Tensor<4>,
    /// Timestep of each sample, 0 to the schedule's length − 1.
    pub timesteps: Vec<usize>,
    /// The captions.
    pub text: Text,
    /// How many samples, from the first on, show the subject; the others show the class.
    pub subjects: usize,
    /// For each of the subject's samples: its halves, if it is a collage.
    pub regions: Vec<Option<Regions>>,
}

#[cfg(not(target_family = "wasm"))]
impl Batch {
    /// The subject's samples and the class's, as batches of one kind each.
    pub(crate) fn split(self) -> [Self; 2] {
        let count = self.timesteps.len();
        let part = |start: usize, count: usize, regions: Vec<Option<Regions>>| Self {
            latents: self.latents.clone().narrow(0, start, count),
            noise: self.noise.clone().narrow(0, start, count),
            timesteps: self.timesteps[start..start + count].to_vec(),
            text: match &self.text {
                Text::Embeddings(text) => Text::Embeddings(text.clone().narrow(0, start, count)),
                Text::Ids(text) => Text::Ids(text.clone().narrow(0, start, count)),
            },
            subjects: count,
            regions,
        };
        [
            part(0, self.subjects, self.regions.clone()),
            part(self.subjects, count - self.subjects, Vec::new()),
        ]
    }
}

/// What the parts of the loss count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossWeights {
    /// λ, of the class's samples.
    pub prior: f64,
    /// Of the unmix loss; 0 keeps no attention maps.
    pub unmix: f64,
    /// min-SNR's γ; 0 weighs all timesteps alike.
    pub min_snr_gamma: f64,
}

impl From<&TrainConfig> for LossWeights {
    fn from(config: &TrainConfig) -> Self {
        Self {
            prior: config.prior_loss_weight,
            unmix: config.unmix_loss_weight,
            min_snr_gamma: config.snr_gamma,
        }
    }
}

/// The loss and its parts, `[1]` each, still on the device.
#[derive(Clone, Debug)]
pub struct Loss {
    /// MSE of the subject's samples.
    pub subject: Tensor<1>,
    /// MSE of the class's samples, when there are any.
    pub prior: Option<Tensor<1>>,
    /// Unmix loss of the collages, when there are any and it counts.
    pub unmix: Option<Tensor<1>>,
    /// subject + λ · prior + weight · unmix; the one to differentiate.
    pub total: Tensor<1>,
}

/// What the UNet is given of one batch, and how its answer is judged.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Latents with noise, `[batch, channels, height, width]`.
    pub(crate) noisy: Tensor<4>,
    /// Timesteps, `[batch]`.
    pub(crate) times: Tensor<1>,
    /// Whether the maps of the attentions to the text are wanted too.
    pub(crate) wants_maps: bool,
    target: Tensor<4>,
    /// min-SNR's factor of each sample, `[batch, 1, 1, 1]`.
    factors: Option<Tensor<4>>,
    subjects: usize,
    regions: Vec<Option<Regions>>,
    weights: LossWeights,
}

/// The loss of `batch` under the models of `tuned`.
///
/// # Errors
/// Those of [`Tuned::embed`].
pub fn loss(
    tuned: &Tuned,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
) -> Result<Loss> {
    let (question, text) = Question::new(schedule, batch, weights);
    let (unet, text) = (tuned.unet(), tuned.embed(text)?);
    let (noisy, times) = (question.noisy.clone(), question.times.clone());
    let (prediction, maps) = if question.wants_maps {
        unet.forward_with_maps(noisy, times, text)
    } else {
        (unet.forward(noisy, times, text), Vec::new())
    };
    Ok(question.judge(prediction, &maps))
}

impl Question {
    /// Puts noise on the latents; the captions are handed back.
    pub(crate) fn new(
        schedule: &NoiseSchedule,
        batch: Batch,
        weights: LossWeights,
    ) -> (Self, Text) {
        let Batch {
            latents,
            noise,
            timesteps,
            text,
            subjects,
            regions,
        } = batch;
        let count = latents.dims()[0];
        let noisy = schedule.add_noise(latents.clone(), noise.clone(), &timesteps);
        let target = schedule.training_target(latents, noise, &timesteps);
        let times: Vec<f32> = timesteps.iter().map(|&t| t as f32).collect();
        let times = Tensor::from_data(TensorData::new(times, [count]), &noisy.device());
        let factors = (weights.min_snr_gamma > 0.0).then(|| {
            let of: Vec<f32> = timesteps
                .iter()
                .map(|&t| min_snr(schedule, t, weights.min_snr_gamma))
                .collect();
            Tensor::from_data(TensorData::new(of, [count, 1, 1, 1]), &noisy.device())
        });
        let question = Self {
            noisy,
            times,
            wants_maps: weights.unmix > 0.0 && regions.iter().any(Option::is_some),
            target,
            factors,
            subjects,
            regions,
            weights,
        };
        (question, text)
    }

    /// The loss of that prediction and those maps.
    pub(crate) fn judge(self, prediction: Tensor<4>, maps: &[AttentionMap]) -> Loss {
        let (subjects, count) = (self.subjects, prediction.dims()[0]);
        let error = prediction - self.target;
        let mut squared = error.clone() * error;
        if let Some(factors) = self.factors {
            squared = squared * factors;
        }
        let subject = squared.clone().narrow(0, 0, subjects).mean();
        let prior =
            (subjects < count).then(|| squared.narrow(0, subjects, count - subjects).mean());
        let unmix = unmix_loss(maps, &self.regions);
        let mut total = subject.clone();
        if let Some(prior) = &prior {
            total = total + prior.clone() * self.weights.prior;
        }
        if let Some(unmix) = &unmix {
            total = total + unmix.clone() * self.weights.unmix;
        }
        Loss {
            subject,
            prior,
            unmix,
            total,
        }
    }
}

/// min(SNR, γ) / SNR for ε, min(SNR, γ) / (SNR + 1) for v, min(SNR, γ) for x₀ (Hang et al. 2023;
/// diffusers' `compute_snr`).
fn min_snr(schedule: &NoiseSchedule, timestep: usize, gamma: f64) -> f32 {
    let alpha = f64::from(schedule.alphas_cumprod()[timestep]);
    let snr = alpha / (1.0 - alpha).max(1e-12);
    let held = snr.min(gamma);
    let weight = match schedule.prediction_type() {
        PredictionType::Epsilon => held / snr.max(1e-12),
        PredictionType::VPrediction => held / (snr + 1.0),
        PredictionType::Sample => held,
    };
    weight as f32
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::model::config::SchedulerConfig;

    #[test]
    fn min_snr_holds_clean_timesteps_down_and_leaves_noisy_ones() {
        let config = br#"{"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear"}"#;
        let schedule = NoiseSchedule::new(&SchedulerConfig::parse(config).unwrap()).unwrap();
        assert!((min_snr(&schedule, 999, 5.0) - 1.0).abs() < 1e-6);
        let alpha = f64::from(schedule.alphas_cumprod()[0]);
        let expected = 5.0 * (1.0 - alpha) / alpha;
        assert!((f64::from(min_snr(&schedule, 0, 5.0)) - expected).abs() < 1e-6);
    }
}
