//! What a training run is asked for.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::recipe;
pub use crate::recipe::{RateSchedule, TimestepSampling};
use crate::spectral::LayerPreset;
use crate::spectral::shift::NormShift;
use crate::train::dataset::collage::Collage;
use crate::train::dataset::words::{Templates, Words};

/// Subjects of one run at most.
const MAX_SUBJECTS: usize = 8;

/// Settings of one run; the defaults are the [`recipe`]'s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainSettings {
    /// What the subjects are called, in the order of their pictures.
    pub subjects: Vec<Words>,
    /// How pictures are captioned.
    pub templates: Templates,
    /// Training steps.
    pub steps: usize,
    /// Learning rate of the shifts of linear and convolution weights.
    pub learning_rate: f64,
    /// Learning rate of the shifts of norms.
    pub learning_rate_1d: f64,
    /// AdamW's decoupled weight decay, towards δ = 0.
    pub weight_decay: f64,
    /// AdamW's β₁ and β₂.
    pub betas: [f64; 2],
    /// AdamW's ε.
    pub eps: f64,
    /// The gradient's total L2 norm is scaled down to this; 0 turns clipping off.
    pub max_grad_norm: f64,
    /// λ, the weight of the prior loss; 0 turns prior preservation off.
    pub prior_weight: f64,
    /// Class pictures that the base makes of itself, for each subject.
    pub prior_images: usize,
    /// With several subjects: how often a step sees a collage of two (the paper's 0.6; with 1 they
    /// could not be told apart).
    pub mix_probability: f64,
    /// Collages that are drawn before the run; 0 turns Cut-Mix-Unmix off.
    pub collages: usize,
    /// Collages that a person arranged, in place of drawn ones; usually none.
    pub own_collages: Vec<Collage>,
    /// Weight of the unmix loss on collages; 0 turns it off.
    pub unmix_weight: f64,
    /// Which layers of the UNet are trained.
    pub layers: LayerPreset,
    /// Train the text encoder's linears, norms and embeddings too.
    pub text_encoder: bool,
    /// How timesteps are drawn.
    pub timesteps: TimestepSampling,
    /// The part of the schedule that they are drawn from: 0 is its cleanest end, 1 its noisiest.
    pub timestep_range: [f64; 2],
    /// min-SNR's γ: losses of clean timesteps weigh min(SNR, γ)/SNR (Hang et al. 2023, 5 there);
    /// 0 weighs all alike.
    pub min_snr_gamma: f64,
    /// How the learning rates change over the run.
    pub schedule: RateSchedule,
    /// Decay of the average of δ that is kept as the result; 0 keeps δ itself.
    pub ema_decay: f64,
    /// Samples of the subjects in one step, each with a timestep of its own.
    pub batch: usize,
    /// Samples of their classes in one step, at most `batch`; DreamBooth has as many as of the
    /// subject.
    pub prior_batch: usize,
    /// Show each picture mirrored half of the time.
    pub flip: bool,
    /// Everything random follows from it.
    pub seed: u64,
    /// A preview picture every so many steps; 0 for none.
    pub preview_every: usize,
    /// A checkpoint every so many steps; 0 for none.
    pub checkpoint_every: usize,
    /// The form that the shifts of norms take.
    pub norms: NormShift,
    /// Pixels a side of the pictures, where they are not those that the base was trained with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture_size: Option<usize>,
}

impl RateSchedule {
    /// The factor of the learning rates in `step` of `steps`, both counted from 0.
    pub fn factor(self, step: usize, steps: usize) -> f64 {
        let done = step as f64 / steps.max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 * (1.0 + libm::cos(core::f64::consts::PI * done.min(1.0))),
            Self::Linear => (1.0 - done).max(0.0),
        }
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            subjects: Vec::new(),
            templates: Templates::default(),
            steps: recipe::STEPS,
            learning_rate: recipe::LEARNING_RATE,
            learning_rate_1d: recipe::LEARNING_RATE_1D,
            weight_decay: 1e-2,
            betas: [0.9, 0.999],
            eps: 1e-8,
            max_grad_norm: 1.0,
            prior_weight: recipe::PRIOR_WEIGHT,
            prior_images: recipe::PRIOR_IMAGES,
            mix_probability: recipe::MIX_PROBABILITY,
            collages: 48,
            own_collages: Vec::new(),
            unmix_weight: recipe::UNMIX_WEIGHT,
            layers: LayerPreset::All,
            text_encoder: false,
            timesteps: recipe::TIMESTEPS,
            timestep_range: [0.0, 1.0],
            min_snr_gamma: recipe::MIN_SNR_GAMMA,
            schedule: recipe::SCHEDULE,
            ema_decay: recipe::EMA_DECAY,
            batch: recipe::BATCH,
            prior_batch: recipe::PRIOR_BATCH,
            flip: false,
            seed: 0,
            preview_every: recipe::PREVIEW_EVERY,
            checkpoint_every: recipe::CHECKPOINT_EVERY,
            norms: NormShift::FullLength,
            picture_size: None,
        }
    }
}

impl TrainSettings {
    /// One picture by itself, to be edited: its prompt as it is, nothing to keep its class apart
    /// from, one sample a step.
    pub fn one_picture(prompt: &str, steps: usize, seed: u64) -> Self {
        Self {
            subjects: vec![Words {
                prompt: prompt.to_owned(),
                ..Words::default()
            }],
            steps,
            learning_rate: recipe::PICTURE_LEARNING_RATE,
            schedule: RateSchedule::Constant,
            timesteps: TimestepSampling::Uniform,
            batch: 1,
            prior_weight: 0.0,
            seed,
            ..Self::default()
        }
    }

    /// Checks every field and returns the settings that a run will use: words trimmed, real
    /// numbers rounded to F32's digits, which every JSON reader gives back exactly, so that a
    /// resumed run computes with the very same numbers.
    ///
    /// # Errors
    /// `Settings`, naming the field, its value and what would work.
    pub fn validated(mut self) -> Result<Self> {
        self.subjects = self
            .subjects
            .into_iter()
            .map(Words::validated)
            .collect::<Result<_>>()?;
        self.templates = self.templates.validated()?;
        within("subjects", self.subjects.len(), 1, MAX_SUBJECTS)?;
        let free = self.subjects.iter().any(|words| !words.prompt.is_empty());
        if free && (self.subjects.len() > 1 || self.prior_weight > 0.0) {
            return refuse(
                "A prompt without an identifier is for one picture by itself, so it takes one \
                 subject and a prior weight of 0. Set them so, or give identifier and class."
                    .into(),
            );
        }
        for (index, words) in self.subjects.iter().enumerate() {
            let same = |other: &&Words| other.token.eq_ignore_ascii_case(&words.token);
            if let Some(other) = self.subjects[..index].iter().find(same) {
                return refuse(format!(
                    "Two subjects have the identifier '{}' ({} and {}), so they could not be told \
                     apart. Give each its own rare word, such as 'sks' and 'olis'.",
                    words.token, other.class_word, words.class_word
                ));
            }
        }
        within("steps", self.steps, 1, 100_000)?;
        within("prior_images", self.prior_images, 0, 1_000)?;
        number("learning_rate", &mut self.learning_rate, 0.0, 1.0)?;
        number("learning_rate_1d", &mut self.learning_rate_1d, 0.0, 1.0)?;
        number("weight_decay", &mut self.weight_decay, 0.0, 1.0)?;
        number("betas[0]", &mut self.betas[0], 0.0, 0.999_999)?;
        number("betas[1]", &mut self.betas[1], 0.0, 0.999_999)?;
        number("eps", &mut self.eps, 1e-12, 1.0)?;
        number("max_grad_norm", &mut self.max_grad_norm, 0.0, 1e6)?;
        number("prior_weight", &mut self.prior_weight, 0.0, 100.0)?;
        within("collages", self.collages, 0, 1_000)?;
        within("own_collages", self.own_collages.len(), 0, 1_000)?;
        within("batch", self.batch, 1, 16)?;
        within("prior_batch", self.prior_batch, 1, 16)?;
        let [from, to] = &mut self.timestep_range;
        number("timestep_range[0]", from, 0.0, 0.99)?;
        number("timestep_range[1]", to, *from + 0.01, 1.0)?;
        number("mix_probability", &mut self.mix_probability, 0.0, 1.0)?;
        number("unmix_weight", &mut self.unmix_weight, 0.0, 1e6)?;
        number("min_snr_gamma", &mut self.min_snr_gamma, 0.0, 1e3)?;
        number("ema_decay", &mut self.ema_decay, 0.0, 0.999_9)?;
        if self.prior_weight > 0.0 && self.prior_images == 0 {
            return refuse(
                "The prior weight is above 0, but there are to be no class pictures. Ask for at \
                 least one (prior_images), or set the prior weight to 0."
                    .into(),
            );
        }
        if self.learning_rate == 0.0 && self.learning_rate_1d == 0.0 {
            return refuse(
                "Both learning rates are 0, so nothing would be learned. Set learning_rate, for \
                 example to 0.01."
                    .into(),
            );
        }
        Ok(self)
    }

    /// First and last timestep of `count` that are drawn.
    pub fn timesteps_of(&self, count: usize) -> [usize; 2] {
        let at = |part: f64| (part * count as f64).round() as usize;
        let first = at(self.timestep_range[0]).min(count.saturating_sub(1));
        [first, at(self.timestep_range[1]).max(first + 1) - 1]
    }

    /// Whether collages of two subjects take part.
    pub fn mixes(&self) -> bool {
        self.subjects.len() > 1 && self.collages > 0 && self.mix_probability > 0.0
    }

    /// Whether the result is an average of δ over the steps.
    pub fn averages(&self) -> bool {
        self.ema_decay > 0.0
    }

    /// The subjects' names, as in "sks dog and olis cat".
    pub fn title(&self) -> String {
        let names: Vec<String> = self.subjects.iter().map(Words::name).collect();
        names.join(" and ")
    }

    /// Whether class pictures take part in the loss.
    pub fn uses_prior(&self) -> bool {
        self.prior_weight > 0.0
    }
}

fn refuse<T>(message: String) -> Result<T> {
    Err(Error::Settings(message))
}

fn within(name: &str, value: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    refuse(format!(
        "{name} is {value}, but it must lie between {low} and {high}."
    ))
}

fn number(name: &str, value: &mut f64, low: f64, high: f64) -> Result<()> {
    if !(low..=high).contains(value) {
        return refuse(format!(
            "{name} is {value}, but it must lie between {low} and {high}."
        ));
    }
    // At most nine digits: parsing is exact whatever the reader's rounding.
    *value = (*value as f32).to_string().parse().map_err(|_| {
        Error::Settings(format!(
            "{name} is {value}, which is not a number that can be used."
        ))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn good() -> TrainSettings {
        of(&[("sks", "robot")])
    }

    fn of(subjects: &[(&str, &str)]) -> TrainSettings {
        TrainSettings {
            subjects: subjects.iter().map(|(t, c)| Words::new(*t, *c)).collect(),
            ..TrainSettings::default()
        }
    }

    #[test]
    fn the_defaults_pass_unchanged() {
        assert_eq!(good().validated().unwrap(), good());
    }

    #[test]
    fn settings_survive_json_exactly() {
        let odd = TrainSettings {
            learning_rate: 1.0 / 3.0,
            eps: 1.234_567_890_123e-9,
            ..good()
        };
        let odd = odd.validated().unwrap();
        let text = serde_json::to_string(&odd).unwrap();
        assert_eq!(serde_json::from_str::<TrainSettings>(&text).unwrap(), odd);
        assert_eq!(
            odd.clone().validated().unwrap(),
            odd,
            "a second check changes nothing"
        );
    }

    #[test]
    fn each_setting_that_cannot_work_is_refused_by_name() {
        let cases: [(TrainSettings, &str); 14] = [
            (
                TrainSettings {
                    timestep_range: [0.5, 0.4],
                    ..good()
                },
                "timestep_range[1]",
            ),
            (of(&[("sks", " ")]), "class word"),
            (of(&[("two words", "robot")]), "identifier"),
            (of(&[("a\u{7}", "robot")]), "identifier"),
            (of(&[]), "subjects"),
            (of(&[("sks", "dog"), ("SKS", "cat")]), "Two subjects"),
            (
                TrainSettings {
                    mix_probability: 1.5,
                    ..good()
                },
                "mix_probability",
            ),
            (
                TrainSettings {
                    subjects: vec![Words {
                        prompt: "a dog".into(),
                        ..Words::default()
                    }],
                    ..good()
                },
                "prior weight of 0",
            ),
            (TrainSettings { steps: 0, ..good() }, "steps"),
            (
                TrainSettings {
                    learning_rate: f64::NAN,
                    ..good()
                },
                "learning_rate",
            ),
            (
                TrainSettings {
                    learning_rate_1d: -1.0,
                    ..good()
                },
                "learning_rate_1d",
            ),
            (
                TrainSettings {
                    betas: [0.9, 1.0],
                    ..good()
                },
                "betas[1]",
            ),
            (
                TrainSettings {
                    prior_weight: f64::INFINITY,
                    ..good()
                },
                "prior_weight",
            ),
            (
                TrainSettings {
                    prior_images: 0,
                    ..good()
                },
                "prior_images",
            ),
        ];
        for (settings, name) in cases {
            let message = settings.validated().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
