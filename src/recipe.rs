//! The recipe: a run's choices and their defaults, once for the engine, the terminal and the page.
//!
//! The defaults suit the embedded base. How they were found is in `docs/recipe.md`. Larger bases
//! want smaller rates: the paper's are 1e-3 for weights and 1e-6 for norms.

use serde::{Deserialize, Serialize};

/// Training steps for one subject.
pub const STEPS: usize = 100;
/// Learning rate of the shifts of linear and convolution weights.
pub const LEARNING_RATE: f64 = 6e-2;
/// Learning rate of the shifts of norms.
pub const LEARNING_RATE_1D: f64 = 2e-5;
/// How the learning rates change over the run.
pub const SCHEDULE: RateSchedule = RateSchedule::Cosine;
/// Samples of the subjects in one step.
pub const BATCH: usize = 8;
/// Samples of their classes in one step, at most as many.
pub const PRIOR_BATCH: usize = 2;
/// How timesteps are drawn.
pub const TIMESTEPS: TimestepSampling = TimestepSampling::Uniform;
/// min-SNR's γ; 0 weighs all timesteps alike.
pub const MIN_SNR_GAMMA: f64 = 0.0;
/// Decay of the average of δ that is kept; 0 keeps δ itself.
pub const EMA_DECAY: f64 = 0.0;
/// λ, the weight of the prior loss.
pub const PRIOR_WEIGHT: f64 = 0.2;
/// Class pictures that the base makes of itself, for each subject.
pub const PRIOR_IMAGES: usize = 8;
/// What a picture of one subject is called; `{a}` stands for the subject with its article.
pub const CAPTION: &str = "photo of {a}";
/// A collage of left and right; `{b}` is the second subject.
pub const CAPTION_LEFT_RIGHT: &str = "photo of {a} on the left and {b} on the right";
/// A collage of top and bottom.
pub const CAPTION_TOP_BOTTOM: &str = "photo of {a} on the top and {b} on the bottom";
/// Any collage: half of them are captioned so.
pub const CAPTION_TOGETHER: &str = "photo of {a} and {b}";
/// Where class pictures are made, besides the bare class.
pub const CLASS_SCENES: [&str; 5] = ["", "on grass", "in the snow", "on a beach", "in space"];
/// With several subjects: how often a sample is a collage of two (the paper's).
pub const MIX_PROBABILITY: f64 = 0.6;
/// Weight of the unmix loss.
pub const UNMIX_WEIGHT: f64 = 0.0;
/// A preview picture every so many steps.
pub const PREVIEW_EVERY: usize = 20;
/// A checkpoint every so many steps.
pub const CHECKPOINT_EVERY: usize = 10;

/// Steps of learning one picture by its prompt, before it is edited.
pub const PICTURE_STEPS: usize = 200;
/// Learning rate of that, constant.
pub const PICTURE_LEARNING_RATE: f64 = 1e-2;

/// How long a run is, how far each step goes and how much it sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Training steps.
    pub steps: usize,
    /// Learning rate of the shifts of linear and convolution weights.
    pub learning_rate: f64,
    /// Samples of the subjects in one step.
    pub batch: usize,
    /// Samples of their classes in one step.
    pub prior_batch: usize,
}

/// The effort for so many subjects. Collages leave each of them fewer samples of its own, and
/// keeping them apart takes more steps, of which each may see less.
pub const fn effort(subjects: usize) -> Effort {
    match subjects {
        0 | 1 => Effort {
            steps: STEPS,
            learning_rate: LEARNING_RATE,
            batch: BATCH,
            prior_batch: PRIOR_BATCH,
        },
        _ => Effort {
            steps: 150 * subjects,
            learning_rate: 4e-2,
            batch: 4,
            prior_batch: 1,
        },
    }
}

/// Pictures of more pixels a side are no small base's.
pub const SMALL_PICTURES: usize = 128;
/// Learning rate of the shifts of norms in [`paper_effort`].
pub const PAPER_LEARNING_RATE_1D: f64 = 1e-6;

/// The paper's effort, for bases of its size: what is learned in a step of ten samples at 64 pixels
/// takes more memory at 512 than most devices have.
pub const fn paper_effort(subjects: usize) -> Effort {
    Effort {
        steps: if subjects > 1 { 500 * subjects } else { 500 },
        learning_rate: 1e-3,
        batch: 1,
        prior_batch: 1,
    }
}

/// How the timesteps of a run are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepSampling {
    /// Each by itself.
    #[default]
    Uniform,
    /// One from every sixteenth of the schedule in turn, the sixteenths in a shuffled order.
    Stratified,
    /// Pairs t and T − 1 − t.
    Antithetic,
}

/// How the learning rates change over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateSchedule {
    /// They do not.
    #[default]
    Constant,
    /// From whole to zero along half a cosine.
    Cosine,
    /// From whole to zero along a line.
    Linear,
}

impl TimestepSampling {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Uniform, Self::Stratified, Self::Antithetic];
}

impl RateSchedule {
    /// Every course.
    pub const ALL: [Self; 3] = [Self::Constant, Self::Cosine, Self::Linear];
}
