//! The settings of a training run.

use serde::{Deserialize, Serialize};

use super::checks::{number, refuse, within};
use super::collage::{Collage, Layout};
use super::{Captions, LayerPreset, LrScheduler, NormShift, SubjectWords, TimestepSampling};
use crate::error::Result;

/// Subjects of one run at most.
const MAX_SUBJECTS: usize = 8;

/// The settings of a training run. The defaults are for one subject and the embedded model; see
/// [`TrainConfig::recommended`] for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "booth", derive(clap::Args))]
#[cfg_attr(feature = "page", derive(reactive_stores::Store))]
#[serde(default)]
pub struct TrainConfig {
    /// The words of the subjects, in the order of their pictures; 1 to 8.
    #[cfg_attr(feature = "booth", arg(skip))]
    pub subjects: Vec<SubjectWords>,
    /// Templates of the captions.
    #[cfg_attr(feature = "booth", command(flatten))]
    pub captions: Captions,
    /// Training steps, 1 to 100,000. Default for several subjects: 150 for each.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub max_train_steps: usize,
    /// Learning rate of the shifts of linear and convolution weights, 0 to 1. Default for several
    /// subjects: 0.04.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub learning_rate: f64,
    /// Learning rate of the shifts of norms, 0 to 1.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub learning_rate_1d: f64,
    /// Decoupled weight decay of AdamW, towards δ = 0; 0 to 1.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub adam_weight_decay: f64,
    /// β₁ and β₂ of AdamW, below 1.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X,Y", value_parser = pair))]
    pub adam_betas: [f64; 2],
    /// ε of AdamW, above 0.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub adam_epsilon: f64,
    /// Largest L2 norm of the whole gradient; 0 turns clipping off.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub max_grad_norm: f64,
    /// λ, the weight of the prior preservation loss, 0 to 100; 0 turns it off.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub prior_loss_weight: f64,
    /// Class pictures of each subject that the model makes for prior preservation, 0 to 1,000.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub num_class_images: usize,
    /// With several subjects: the probability that a sample is a collage of two, 0 to 1 (0.6 in the
    /// paper; with 1, the subjects could not be told apart).
    #[cfg_attr(feature = "booth", arg(long, value_name = "P"))]
    pub mix_probability: f64,
    /// Collages that are drawn before the run, 0 to 1,000; 0 turns Cut-Mix-Unmix off.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub num_collages: usize,
    /// Collages that replace the drawn ones; usually none.
    #[cfg_attr(feature = "booth", arg(skip))]
    pub own_collages: Vec<Collage>,
    /// Weight of the unmix loss on collages, from 0; 0 turns it off.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub unmix_loss_weight: f64,
    /// Layers of the UNet that are trained.
    #[cfg_attr(feature = "booth", arg(long, value_enum, value_name = "PRESET"))]
    pub layers: LayerPreset,
    /// Trains the linear layers, norms and embeddings of the text encoder too.
    #[cfg_attr(feature = "booth", arg(long))]
    pub train_text_encoder: bool,
    /// How timesteps are drawn.
    #[cfg_attr(feature = "booth", arg(long, value_enum, value_name = "NAME"))]
    pub timestep_sampling: TimestepSampling,
    /// The part of the noise schedule that timesteps are drawn from: 0 is the cleanest end, 1 the
    /// noisiest.
    #[cfg_attr(feature = "booth", arg(long, value_name = "FROM,TO", value_parser = pair))]
    pub timestep_range: [f64; 2],
    /// γ of min-SNR weighting: losses of clean timesteps are weighted by min(SNR, γ) / SNR (Hang et
    /// al. 2023, with γ = 5); 0 weights all timesteps alike.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub snr_gamma: f64,
    /// How the learning rates change over the run.
    #[cfg_attr(feature = "booth", arg(long, value_enum, value_name = "NAME"))]
    pub lr_scheduler: LrScheduler,
    /// Decay of the moving average of δ that is the result, below 1; 0 keeps the last δ.
    #[cfg_attr(feature = "booth", arg(long, value_name = "X"))]
    pub ema_decay: f64,
    /// Samples of the subjects per step, 1 to 16, each with its own timestep. Default for several
    /// subjects: 4.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub train_batch_size: usize,
    /// Samples of the classes per step, 1 to 16, at most `train_batch_size`. Default for several
    /// subjects: 1.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub prior_batch_size: usize,
    /// Shows each picture mirrored half of the time.
    #[cfg_attr(feature = "booth", arg(long))]
    pub random_flip: bool,
    /// Seed of everything random in the run.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub seed: u64,
    /// Steps between preview pictures; 0 for none.
    #[cfg_attr(feature = "booth", arg(skip))]
    pub validation_steps: usize,
    /// Steps between checkpoints; 0 for none.
    #[cfg_attr(feature = "booth", arg(long, value_name = "N"))]
    pub checkpointing_steps: usize,
    /// How norms are shifted.
    #[cfg_attr(feature = "booth", arg(long, value_enum, value_name = "NAME"))]
    pub norm_shift: NormShift,
    /// Pixels a side of the pictures; none for those of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "booth", arg(long, value_name = "PIXELS"))]
    pub resolution: Option<usize>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            subjects: Vec::new(),
            captions: Captions::default(),
            max_train_steps: 100,
            learning_rate: 6e-2,
            learning_rate_1d: 2e-5,
            adam_weight_decay: 1e-2,
            adam_betas: [0.9, 0.999],
            adam_epsilon: 1e-8,
            max_grad_norm: 1.0,
            prior_loss_weight: 0.2,
            num_class_images: 8,
            mix_probability: 0.6,
            num_collages: 48,
            own_collages: Vec::new(),
            unmix_loss_weight: 0.0,
            layers: LayerPreset::All,
            train_text_encoder: false,
            timestep_sampling: TimestepSampling::Uniform,
            timestep_range: [0.0, 1.0],
            snr_gamma: 0.0,
            lr_scheduler: LrScheduler::Cosine,
            ema_decay: 0.0,
            train_batch_size: 8,
            prior_batch_size: 2,
            random_flip: false,
            seed: 0,
            validation_steps: 20,
            checkpointing_steps: 10,
            norm_shift: NormShift::FullLength,
            resolution: None,
        }
    }
}

impl TrainConfig {
    /// Checks every setting and returns those that a run uses: words trimmed, real numbers rounded
    /// to the digits of an F32, which every JSON reader restores exactly.
    ///
    /// # Errors
    /// `Settings`, with the setting's name, its value and its range.
    pub fn validated(mut self) -> Result<Self> {
        self = self.with_valid_words()?;
        within("max_train_steps", self.max_train_steps, 1, 100_000)?;
        within("num_class_images", self.num_class_images, 0, 1_000)?;
        number("learning_rate", &mut self.learning_rate, 0.0, 1.0)?;
        number("learning_rate_1d", &mut self.learning_rate_1d, 0.0, 1.0)?;
        number("adam_weight_decay", &mut self.adam_weight_decay, 0.0, 1.0)?;
        number("adam_betas[0]", &mut self.adam_betas[0], 0.0, 0.999_999)?;
        number("adam_betas[1]", &mut self.adam_betas[1], 0.0, 0.999_999)?;
        number("adam_epsilon", &mut self.adam_epsilon, 1e-12, 1.0)?;
        number("max_grad_norm", &mut self.max_grad_norm, 0.0, 1e6)?;
        number("prior_loss_weight", &mut self.prior_loss_weight, 0.0, 100.0)?;
        within("num_collages", self.num_collages, 0, 1_000)?;
        within("own_collages", self.own_collages.len(), 0, 1_000)?;
        within("train_batch_size", self.train_batch_size, 1, 16)?;
        within("prior_batch_size", self.prior_batch_size, 1, 16)?;
        let [from, to] = &mut self.timestep_range;
        number("timestep_range[0]", from, 0.0, 0.99)?;
        number("timestep_range[1]", to, *from + 0.01, 1.0)?;
        number("mix_probability", &mut self.mix_probability, 0.0, 1.0)?;
        number("unmix_loss_weight", &mut self.unmix_loss_weight, 0.0, 1e6)?;
        number("snr_gamma", &mut self.snr_gamma, 0.0, 1e3)?;
        number("ema_decay", &mut self.ema_decay, 0.0, 0.999_9)?;
        if self.prior_loss_weight > 0.0 && self.num_class_images == 0 {
            return refuse(
                "The prior weight is above 0, but there are to be no class pictures. Ask for at \
                 least one (num_class_images), or set the prior weight to 0."
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

    /// Checks subjects and captions.
    fn with_valid_words(mut self) -> Result<Self> {
        self.subjects = self
            .subjects
            .into_iter()
            .map(SubjectWords::validated)
            .collect::<Result<_>>()?;
        self.captions = self.captions.validated()?;
        within("subjects", self.subjects.len(), 1, MAX_SUBJECTS)?;
        let free = self.subjects.iter().any(|words| !words.prompt.is_empty());
        if free && (self.subjects.len() > 1 || self.prior_loss_weight > 0.0) {
            return refuse(
                "A prompt without an identifier is for one picture by itself, so it takes one \
                 subject and a prior weight of 0. Set them so, or give identifier and class."
                    .into(),
            );
        }
        for (index, words) in self.subjects.iter().enumerate() {
            let same = |other: &&SubjectWords| other.token.eq_ignore_ascii_case(&words.token);
            if let Some(other) = self.subjects[..index].iter().find(same) {
                return refuse(format!(
                    "Two subjects have the identifier '{}' ({} and {}), so they could not be told \
                     apart. Give each its own rare word, such as 'sks' and 'olis'.",
                    words.token, other.class_word, words.class_word
                ));
            }
        }
        Ok(self)
    }

    /// Whether collages of two subjects are trained on.
    pub fn mixes(&self) -> bool {
        self.subjects.len() > 1 && self.num_collages > 0 && self.mix_probability > 0.0
    }

    /// Whether the result is a moving average of δ.
    pub fn averages(&self) -> bool {
        self.ema_decay > 0.0
    }

    /// Whether class pictures are part of the loss.
    pub fn uses_prior(&self) -> bool {
        self.prior_loss_weight > 0.0 && self.num_class_images > 0
    }

    /// Samples per step, those of the classes included.
    pub fn samples_per_step(&self) -> usize {
        if self.uses_prior() {
            self.train_batch_size + self.prior_batch_size
        } else {
            self.train_batch_size
        }
    }

    /// The prompt of previews: the subject, or the first two together.
    pub fn preview_prompt(&self) -> String {
        match &self.subjects[..] {
            [first, second, ..] => {
                let names = [&*first.name(), &*second.name()];
                self.captions.collage(Layout::LeftRight, true, names).text
            }
            [only] => self.captions.instance(only),
            [] => String::new(),
        }
    }

    /// The subjects' names, as in "sks dog and olis cat".
    pub fn title(&self) -> String {
        let names: Vec<String> = self.subjects.iter().map(SubjectWords::name).collect();
        names.join(" and ")
    }
}

/// Two numbers with a comma between them: "0,0.8".
#[cfg(feature = "booth")]
fn pair(text: &str) -> Result<[f64; 2], String> {
    let wrong = || format!("'{text}' is not two numbers; write them as in 0,0.8");
    let (first, second) = text.split_once(',').ok_or_else(wrong)?;
    match (first.trim().parse(), second.trim().parse()) {
        (Ok(first), Ok(second)) => Ok([first, second]),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
