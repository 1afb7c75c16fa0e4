//! The settings of training and generating, as signals. The defaults suit the embedded model.
//!
//! All numbers are `f64`, the type of number fields.

use leptos::prelude::*;

use crate::recipe::{self, RateSchedule, TimestepSampling};
use crate::ui::text::{PAIRS, SCENES};
use crate::worker::protocol::{ArrangedCollage, Captions, SamplerKind, SubjectWords, TrainRequest};

/// The settings of training (card 2).
#[derive(Clone, Copy)]
pub struct TrainFields {
    /// Training steps.
    pub steps: RwSignal<f64>,
    /// Learning rate of the shifts of linear and convolution weights.
    pub learning_rate: RwSignal<f64>,
    /// Learning rate of the shifts of norms.
    pub learning_rate_1d: RwSignal<f64>,
    /// λ, the weight of the prior loss.
    pub prior_weight: RwSignal<f64>,
    /// Class pictures.
    pub prior_images: RwSignal<f64>,
    /// Which layers, by a preset's name.
    pub layers: RwSignal<String>,
    /// The text encoder too.
    pub text_encoder: RwSignal<bool>,
    /// With several subjects: how often a step sees a collage.
    pub mix_probability: RwSignal<f64>,
    /// Weight of the unmix loss.
    pub unmix_weight: RwSignal<f64>,
    /// How timesteps are drawn.
    pub timesteps: RwSignal<TimestepSampling>,
    /// min-SNR's γ; 0 weighs all timesteps alike.
    pub min_snr_gamma: RwSignal<f64>,
    /// How the learning rates change over the run.
    pub schedule: RwSignal<RateSchedule>,
    /// Decay of the exponential moving average of δ; 0 for none.
    pub ema_decay: RwSignal<f64>,
    /// Samples of the subjects in one step.
    pub batch: RwSignal<f64>,
    /// Samples of their classes in one step.
    pub prior_batch: RwSignal<f64>,
    /// Show each picture mirrored too.
    pub flip: RwSignal<bool>,
    /// Captions of pictures with one subject, left and right, top and bottom, and any collage.
    pub captions: [RwSignal<String>; 4],
    /// Ends of the prompts of class pictures, separated by commas.
    pub class_scenes: RwSignal<String>,
    /// Everything random follows from it.
    pub seed: RwSignal<f64>,
    /// Steps between previews; 0 for none.
    pub preview_every: RwSignal<f64>,
    /// Steps between checkpoints.
    pub checkpoint_every: RwSignal<f64>,
}

impl TrainFields {
    /// The default recipe.
    pub fn new() -> Self {
        Self {
            steps: RwSignal::new(recipe::STEPS as f64),
            learning_rate: RwSignal::new(recipe::LEARNING_RATE),
            learning_rate_1d: RwSignal::new(recipe::LEARNING_RATE_1D),
            prior_weight: RwSignal::new(recipe::PRIOR_WEIGHT),
            prior_images: RwSignal::new(recipe::PRIOR_IMAGES as f64),
            layers: RwSignal::new("all".to_owned()),
            text_encoder: RwSignal::new(false),
            mix_probability: RwSignal::new(recipe::MIX_PROBABILITY),
            unmix_weight: RwSignal::new(recipe::UNMIX_WEIGHT),
            timesteps: RwSignal::new(recipe::TIMESTEPS),
            min_snr_gamma: RwSignal::new(recipe::MIN_SNR_GAMMA),
            schedule: RwSignal::new(recipe::SCHEDULE),
            ema_decay: RwSignal::new(recipe::EMA_DECAY),
            batch: RwSignal::new(recipe::BATCH as f64),
            prior_batch: RwSignal::new(recipe::PRIOR_BATCH as f64),
            flip: RwSignal::new(false),
            captions: [
                recipe::CAPTION,
                recipe::CAPTION_LEFT_RIGHT,
                recipe::CAPTION_TOP_BOTTOM,
                recipe::CAPTION_TOGETHER,
            ]
            .map(|caption| RwSignal::new(caption.to_owned())),
            class_scenes: RwSignal::new(recipe::CLASS_SCENES.join(", ")),
            seed: RwSignal::new(0.0),
            preview_every: RwSignal::new(recipe::PREVIEW_EVERY as f64),
            checkpoint_every: RwSignal::new(recipe::CHECKPOINT_EVERY as f64),
        }
    }

    /// The request for a run.
    pub fn request(
        &self,
        subjects: Vec<SubjectWords>,
        arranged: Vec<ArrangedCollage>,
    ) -> TrainRequest {
        TrainRequest {
            subjects,
            arranged,
            layers: self.layers.get_untracked(),
            text_encoder: self.text_encoder.get_untracked(),
            mix_probability: self.mix_probability.get_untracked(),
            unmix_weight: self.unmix_weight.get_untracked(),
            timesteps: self.timesteps.get_untracked(),
            min_snr_gamma: self.min_snr_gamma.get_untracked(),
            schedule: self.schedule.get_untracked(),
            ema_decay: self.ema_decay.get_untracked(),
            batch: self.batch.get_untracked() as usize,
            prior_batch: self.prior_batch.get_untracked() as usize,
            flip: self.flip.get_untracked(),
            captions: untrack(|| self.captions()),
            steps: self.steps.get_untracked() as usize,
            learning_rate: self.learning_rate.get_untracked(),
            learning_rate_1d: self.learning_rate_1d.get_untracked(),
            prior_weight: self.prior_weight.get_untracked(),
            prior_images: self.prior_images.get_untracked() as usize,
            seed: self.seed.get_untracked() as u64,
            preview_every: self.preview_every.get_untracked() as usize,
            checkpoint_every: self.checkpoint_every.get_untracked() as usize,
        }
    }

    /// The captions; tracked.
    pub fn captions(&self) -> Captions {
        let [single, left_right, top_bottom, together] = self.captions.map(|caption| caption.get());
        let scenes = self.class_scenes.get();
        Captions {
            single,
            left_right,
            top_bottom,
            together,
            class_scenes: scenes.split(',').map(|s| s.trim().to_owned()).collect(),
        }
    }

    /// Samples per step, of subjects and of classes; tracked.
    pub fn samples(&self) -> f32 {
        let of_classes = if self.has_prior() {
            self.prior_batch.get()
        } else {
            0.0
        };
        (self.batch.get() + of_classes) as f32
    }

    /// True if the prior loss is used; tracked.
    pub fn has_prior(&self) -> bool {
        self.prior_weight.get() > 0.0 && self.prior_images.get() > 0.0
    }

    /// Shows the settings of a run that is continued.
    pub fn show(&self, run: &TrainRequest) {
        self.layers.set(run.layers.clone());
        self.text_encoder.set(run.text_encoder);
        self.mix_probability.set(run.mix_probability);
        self.unmix_weight.set(run.unmix_weight);
        self.timesteps.set(run.timesteps);
        self.min_snr_gamma.set(run.min_snr_gamma);
        self.schedule.set(run.schedule);
        self.ema_decay.set(run.ema_decay);
        self.batch.set(run.batch as f64);
        self.prior_batch.set(run.prior_batch as f64);
        self.flip.set(run.flip);
        let run_captions = &run.captions;
        let texts = [
            &run_captions.single,
            &run_captions.left_right,
            &run_captions.top_bottom,
            &run_captions.together,
        ];
        for (field, text) in self.captions.iter().zip(texts) {
            field.set(text.clone());
        }
        self.class_scenes.set(run_captions.class_scenes.join(", "));
        self.steps.set(run.steps as f64);
        self.learning_rate.set(run.learning_rate);
        self.learning_rate_1d.set(run.learning_rate_1d);
        self.prior_weight.set(run.prior_weight);
        self.prior_images.set(run.prior_images as f64);
        self.seed.set(run.seed as f64);
        self.preview_every.set(run.preview_every as f64);
        self.checkpoint_every.set(run.checkpoint_every as f64);
    }
}

impl Default for TrainFields {
    fn default() -> Self {
        Self::new()
    }
}

/// The settings of generating (card 3).
#[derive(Clone, Copy)]
pub struct GenerateFields {
    /// What the user wrote; `None` while the prompt is made of the subject's words and the scene.
    pub prompt: RwSignal<Option<String>>,
    /// The scene for one subject: the end of the prompt.
    pub scene: RwSignal<&'static str>,
    /// The prompt for two subjects.
    pub pair: RwSignal<&'static str>,
    /// The negative prompt.
    pub negative_prompt: RwSignal<String>,
    /// Seed of the initial noise.
    pub seed: RwSignal<f64>,
    /// The sampling method.
    pub sampler: RwSignal<SamplerKind>,
    /// Sampling steps.
    pub steps: RwSignal<f64>,
    /// Classifier-free guidance.
    pub guidance_scale: RwSignal<f64>,
    /// The number of pictures.
    pub count: RwSignal<f64>,
    /// Makes the base model's own pictures too.
    pub compare: RwSignal<bool>,
    /// What differs between the pictures.
    pub row: RwSignal<Row>,
}

/// What differs between the pictures of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Row {
    /// The seed.
    #[default]
    Seeds,
    /// The strength of the deltas.
    Strengths,
}

impl Row {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Seeds, Self::Strengths];
}

impl GenerateFields {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            prompt: RwSignal::new(None),
            scene: RwSignal::new(SCENES[0]),
            pair: RwSignal::new(PAIRS[0]),
            negative_prompt: RwSignal::new(String::new()),
            seed: RwSignal::new(1.0),
            sampler: RwSignal::new(SamplerKind::default()),
            steps: RwSignal::new(25.0),
            guidance_scale: RwSignal::new(4.0),
            count: RwSignal::new(1.0),
            compare: RwSignal::new(true),
            row: RwSignal::new(Row::default()),
        }
    }

    /// Sets sampler, steps and guidance to what suits the embedded model.
    pub fn suit_embedded(&self) {
        let suited = Self::new();
        self.sampler.set(suited.sampler.get_untracked());
        self.steps.set(suited.steps.get_untracked());
        self.guidance_scale
            .set(suited.guidance_scale.get_untracked());
    }
}

impl Default for GenerateFields {
    fn default() -> Self {
        Self::new()
    }
}
