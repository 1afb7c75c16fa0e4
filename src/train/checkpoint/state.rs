//! A training run between two steps.

use crate::config::TrainConfig;
use crate::error::{Error, Result};
use crate::train::dataset::sample::{Sample, Shows};
use crate::train::trainer::StepLoss;

/// A training run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The settings of the run.
    pub settings: TrainConfig,
    /// Name of the base model.
    pub base_id: String,
    /// [`BaseHash`](crate::weights::BaseHash) of the base model.
    pub base_hash: String,
    /// Steps done; also the step count of the optimizer.
    pub step: usize,
    /// Position in the stream of random numbers.
    pub noise_position: u64,
    /// Shape of one latent: `[channels, height, width]`.
    pub latent_shape: [usize; 3],
    /// δ, flat.
    pub delta: Vec<f32>,
    /// AdamW's first moment, flat.
    pub exp_avg: Vec<f32>,
    /// AdamW's second moment, flat.
    pub exp_avg_sq: Vec<f32>,
    /// Exponential moving average of δ, flat; empty if the settings ask for none.
    pub average: Vec<f32>,
    /// What steps draw from.
    pub samples: Vec<Sample>,
    /// The losses so far, one per step.
    pub losses: Vec<StepLoss>,
}

impl Checkpoint {
    /// Checks that the run can resume with the base model of hash `base_hash`.
    ///
    /// # Errors
    /// `Checkpoint` if the run was made with another base model.
    pub fn check_base(&self, base_hash: &str) -> Result<()> {
        if self.base_hash == base_hash {
            return Ok(());
        }
        refuse(&format!(
            "it was made with the base '{}', and another one is loaded",
            self.base_id
        ))
    }

    /// Checks values that have a range of their own.
    ///
    /// # Errors
    /// `Checkpoint` for shifts that are not finite, or samples that do not match the settings.
    pub(super) fn check(&self) -> Result<()> {
        let lists = [&self.delta, &self.exp_avg, &self.exp_avg_sq, &self.average];
        if lists.iter().any(|list| list.iter().any(|x| !x.is_finite())) {
            return refuse("its shifts hold what is no number");
        }
        self.check_samples()
    }

    /// There are samples of every kind that a step may ask for, and of no other.
    fn check_samples(&self) -> Result<()> {
        let settings = &self.settings;
        let has = |shows: Shows| self.samples.iter().any(|sample| sample.shows == shows);
        let mut kinds: Vec<Shows> = (0..settings.subjects.len()).map(Shows::Subject).collect();
        if settings.mixes() {
            kinds.push(Shows::Collage);
        }
        if settings.uses_prior() {
            let classes: Vec<Shows> = kinds.iter().map(|kind| kind.of_the_class()).collect();
            kinds.extend(classes);
        }
        if !kinds.iter().copied().all(has) || self.samples.iter().any(|s| !kinds.contains(&s.shows))
        {
            return refuse("its pictures do not fit its settings");
        }
        let placed = self.samples.iter().filter_map(|s| s.collage.as_ref());
        placed
            .into_iter()
            .try_for_each(|placed| placed.collage.check())
    }
}

/// The error for a checkpoint that cannot be used; `why` has no full stop.
pub(super) fn refuse<T>(why: &str) -> Result<T> {
    Err(Error::Checkpoint(format!(
        "The checkpoint cannot be used: {why}. Discard it and start the training again, or load \
         the base that it belongs to."
    )))
}
