//! The whole contract between the page and the engine.
//!
//! The page sends [`Request`]s, the engine answers with [`Event`]s, both through
//! serde-wasm-bindgen. Requests are answered in the order in which they come, except
//! [`Request::Pause`], [`Request::Resume`] and [`Request::Cancel`], which reach the work that is
//! under way. Every piece of work ends in exactly one event: its result, [`Event::Failed`] or
//! [`Event::Stopped`].

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::recipe::{RateSchedule, TimestepSampling};

/// From the page to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum Request {
    /// Chooses the device and loads the base at `url` (a diffusers folder with a trailing slash).
    Load { url: String, device: DeviceChoice },
    /// Decodes, crops and keeps a picture of a subject; answered by [`Event::Picture`].
    AddPicture {
        id: u32,
        subject: u32,
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Moves the square crop of a picture: 0 is left or top, 1 is right or bottom.
    CropPicture { id: u32, offset: f32 },
    /// Forgets a picture.
    RemovePicture { id: u32 },
    /// Draws the collages that training would begin with; answered by [`Event::Collages`].
    ShowCollages(CollagesRequest),
    /// Composes a collage as a person arranged it; answered by [`Event::Collage`].
    ArrangeCollage {
        subjects: Vec<SubjectWords>,
        number: usize,
        collage: Collage,
    },
    /// Trains on the pictures that were added.
    Train(TrainRequest),
    /// Goes on with the run that a checkpoint in this browser holds.
    ResumeRun,
    /// Deletes that checkpoint.
    DiscardRun,
    /// Holds the work that is under way.
    Pause,
    /// Lets it go on.
    Resume,
    /// Ends it; a training run keeps what it has learned.
    Cancel,
    /// Makes pictures, with and without deltas.
    Generate(GenerateRequest),
    /// Opens a delta file beside those that are open.
    OpenDelta {
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        apply_anyway: bool,
    },
    /// Puts an open delta aside.
    CloseDelta { id: String },
    /// Holds what the device computes against the base's reference tensors.
    CheckDevice,
}

/// Which device to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// WebGPU on a real GPU, otherwise the CPU.
    #[default]
    Auto,
    /// WebGPU, on a software adapter too.
    Gpu,
    /// The CPU.
    Cpu,
}

/// A sampling method; each follows the diffusers class that its variant names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "booth",
    derive(clap::ValueEnum),
    value(rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// DDIMScheduler.
    #[default]
    Ddim,
    /// EulerDiscreteScheduler.
    Euler,
    /// EulerAncestralDiscreteScheduler; adds noise in every step.
    EulerAncestral,
    /// DPMSolverMultistepScheduler: DPM-Solver++ (2M).
    DpmSolverMultistep,
    /// LCMScheduler, for bases that were distilled for it.
    Lcm,
}

impl SamplerKind {
    /// Every method.
    pub const ALL: [Self; 5] = [
        Self::Ddim,
        Self::Euler,
        Self::EulerAncestral,
        Self::DpmSolverMultistep,
        Self::Lcm,
    ];
}

/// A subject and what it is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectWords {
    /// What its pictures were added with.
    pub number: u32,
    /// The identifier word ('sks').
    pub token: String,
    /// The class word ('robot').
    pub class_word: String,
}

/// Two subjects in one picture, as the engine's `train::collage` has it; pictures go by their id.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collage {
    /// Top and bottom; otherwise left and right.
    pub top_bottom: bool,
    /// Where the seam is, as a part of the side.
    pub seam: f32,
    /// Left and right, or top and bottom.
    pub halves: [Half; 2],
}

/// What one half of a collage shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Half {
    /// The picture's id.
    pub picture: u32,
    /// Side of the picture, as a part of the collage's side.
    pub scale: f32,
    /// From the half's middle to the picture's, right and down, as a part of the half's sides.
    pub offset: [f32; 2],
}

/// A collage that takes the place of the one drawn at its number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrangedCollage {
    /// Its place among the run's collages, from 0.
    pub number: usize,
    /// What a person made of it.
    pub collage: Collage,
}

/// Which collages to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollagesRequest {
    /// The subjects of the run.
    pub subjects: Vec<SubjectWords>,
    /// The run's seed.
    pub seed: u64,
    /// The first so many.
    pub count: usize,
    /// Those that a person arranged.
    pub arranged: Vec<ArrangedCollage>,
}

/// What a training run is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    /// The subjects to learn.
    pub subjects: Vec<SubjectWords>,
    /// Which layers, by the name of one of [`Event::Loaded`]'s presets.
    pub layers: String,
    /// Train the text encoder too.
    pub text_encoder: bool,
    /// With several subjects: how often a step sees a collage of two.
    pub mix_probability: f64,
    /// Weight of the unmix loss on collages.
    pub unmix_weight: f64,
    /// How timesteps are drawn.
    pub timesteps: TimestepSampling,
    /// min-SNR's γ; 0 weighs all timesteps alike.
    pub min_snr_gamma: f64,
    /// How the learning rates change over the run.
    pub schedule: RateSchedule,
    /// Decay of the average of δ that is kept; 0 keeps δ itself.
    pub ema_decay: f64,
    /// Samples of the subjects in one step.
    pub batch: usize,
    /// Show each picture mirrored too.
    pub flip: bool,
    /// Collages that a person arranged.
    pub arranged: Vec<ArrangedCollage>,
    /// Training steps.
    pub steps: usize,
    /// Learning rate of the shifts of linear and convolution weights.
    pub learning_rate: f64,
    /// Learning rate of the shifts of norms.
    pub learning_rate_1d: f64,
    /// λ, the weight of the prior loss.
    pub prior_weight: f64,
    /// Class pictures that the base makes of itself.
    pub prior_images: usize,
    /// Everything random follows from it.
    pub seed: u64,
    /// A preview picture every so many steps; 0 for none.
    pub preview_every: usize,
    /// A checkpoint every so many steps.
    pub checkpoint_every: usize,
}

/// What a picture is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// Comes back with every event of this work.
    pub id: u32,
    /// What the picture should show.
    pub prompt: String,
    /// What it should not show.
    pub negative_prompt: String,
    /// The starting noise follows from it.
    pub seed: u64,
    /// The sampling method.
    #[serde(default)]
    pub sampler: SamplerKind,
    /// Sampling steps.
    pub steps: usize,
    /// Classifier-free guidance; 1 is none.
    pub guidance_scale: f64,
    /// Open deltas to add to the base; none is the base itself.
    pub deltas: Vec<DeltaStrength>,
    /// Pictures.
    pub count: usize,
    /// Also makes the base's own pictures of the same prompt and seed.
    pub compare: bool,
}

/// How much of an open delta goes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeltaStrength {
    /// The delta's id.
    pub id: String,
    /// 1 is as trained, 0 is the base; below 0 leads away from the subject.
    pub strength: f32,
}

/// From the engine to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum Event {
    /// The worker listens; nothing sent before this arrives.
    Ready,
    /// The device was chosen: its name, and why it.
    Device {
        kind: DeviceKind,
        name: String,
        reason: String,
    },
    /// How far a piece of work has come.
    Progress { task: Task, done: u64, total: u64 },
    /// The base is loaded; pictures have `size` pixels a side. `presets` are the choices of layers,
    /// `text_encoder` counts the text encoder's shifts.
    Loaded {
        base: String,
        hash: String,
        size: usize,
        presets: Vec<Preset>,
        text_encoder: usize,
        unfinished_run: Option<UnfinishedRun>,
    },
    /// A picture was taken in; `pixels` is RGBA, `size` a side, as training will see it.
    Picture {
        id: u32,
        size: u32,
        #[serde(with = "serde_bytes")]
        pixels: Vec<u8>,
        offset: f32,
    },
    /// A picture was refused.
    PictureRefused { id: u32, error: Error },
    /// A picture was forgotten.
    PictureRemoved { id: u32 },
    /// The first collages of a run.
    Collages { collages: Vec<ShownCollage> },
    /// A collage as a person arranged it.
    Collage(ShownCollage),
    /// Collages cannot be made like this.
    CollagesRefused { error: Error },
    /// Training steps were made.
    Step {
        step: usize,
        total: usize,
        loss: f32,
        steps_per_second: f32,
        seconds_left: f32,
    },
    /// A picture of the subject as learned so far.
    Preview { step: usize, picture: Pixels },
    /// Training was paused (true) or goes on (false).
    Paused { paused: bool },
    /// A checkpoint is safe in this browser.
    Checkpoint { step: usize },
    /// A delta is open: after training or from a file. `id` is its content's hash, `file` its bytes
    /// for download.
    Delta {
        id: String,
        summary: DeltaSummary,
        file_name: String,
        #[serde(with = "serde_bytes")]
        file: Vec<u8>,
    },
    /// A delta was put aside.
    DeltaClosed { id: String },
    /// Pictures are there.
    Generated {
        id: u32,
        personalised: bool,
        pictures: Vec<Pixels>,
        seconds: f32,
    },
    /// The device was checked; no difference above `tolerance` is owed to rounding.
    Checked {
        differences: Vec<Difference>,
        tolerance: f32,
    },
    /// The work ended because the person asked.
    Stopped { task: Task },
    /// Something to know that stops nothing.
    Warning { message: String },
    /// A piece of work failed; the engine goes on.
    Failed { task: Task, error: Error },
}

/// How far the device is from the reference in one part of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The part, as the engine's check names it.
    pub part: String,
    /// ‖device − reference‖ / ‖reference‖.
    pub relative_l2: f32,
}

/// Which kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// WebGPU.
    Gpu,
    /// WebAssembly.
    Cpu,
}

/// Pieces of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Loading the base.
    Load,
    /// Decomposing its weights.
    Decompose,
    /// Making class pictures.
    Prior,
    /// Training.
    Train,
    /// Making pictures.
    Generate,
    /// Opening a delta.
    OpenDelta,
    /// Taking a picture in.
    Picture,
    /// Checking the device.
    Check,
}

/// A picture, RGBA, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width · height · 4` bytes.
    #[serde(with = "serde_bytes")]
    pub rgba: Vec<u8>,
}

/// A choice of layers to train.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// Its name in files ('cross_attention').
    pub name: String,
    /// Shifts that it trains.
    pub shifts: usize,
}

/// A collage to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownCollage {
    /// Its place among the run's collages, from 0.
    pub number: usize,
    /// How it is put together.
    pub collage: Collage,
    /// What training calls it.
    pub caption: String,
    /// As training sees it.
    pub picture: Pixels,
}

/// What a delta says of itself; untrusted text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeltaSummary {
    /// Title, if it has one.
    pub title: String,
    /// What it has learned.
    pub subjects: Vec<SubjectWords>,
    /// Training steps.
    pub steps: usize,
    /// When it was made, ISO 8601.
    pub date: String,
    /// The base that it belongs to.
    pub base: String,
    /// Numbers in it.
    pub parameters: usize,
    /// Size of its file.
    pub bytes: usize,
}

/// A run that a reload can go on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnfinishedRun {
    /// Its settings.
    pub request: TrainRequest,
    /// Steps done.
    pub step: usize,
}
