//! The whole contract between the page and the engine.
//!
//! The page sends [`Request`]s, the engine answers with [`Event`]s, both through
//! serde-wasm-bindgen. Requests are answered in the order in which they come, except
//! [`Request::Pause`], [`Request::Resume`] and [`Request::Cancel`], which reach the work that is
//! under way. Every piece of work ends in exactly one event: its result, [`Event::Failed`] or
//! [`Event::Stopped`].

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// From the page to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum Request {
    /// Chooses the device and loads the base at `url` (a diffusers folder with a trailing slash).
    Load { url: String, device: DeviceChoice },
    /// Decodes, crops and keeps a picture of the subject; answered by [`Event::Picture`].
    AddPicture {
        id: u32,
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Moves the square crop of a picture: 0 is left or top, 1 is right or bottom.
    CropPicture { id: u32, offset: f32 },
    /// Forgets a picture.
    RemovePicture { id: u32 },
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
    /// Makes pictures, with and without the delta.
    Generate(GenerateRequest),
    /// Opens a delta file.
    OpenDelta {
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        apply_anyway: bool,
    },
    /// Puts the delta aside; pictures are then the base's own.
    CloseDelta,
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

/// What a training run is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    /// The identifier word ('sks').
    pub token: String,
    /// The class word ('robot').
    pub class_word: String,
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
    /// Of the open delta; 1 is as trained, 0 is the base.
    pub strength: f32,
    /// Pictures.
    pub count: usize,
    /// Also makes the base's own pictures of the same prompt and seed.
    pub compare: bool,
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
    /// The base is loaded; pictures have `size` pixels a side.
    Loaded {
        base: String,
        hash: String,
        size: usize,
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
    /// A delta is open: after training or from a file. `file` holds its bytes for download.
    Delta {
        summary: DeltaSummary,
        file_name: String,
        #[serde(with = "serde_bytes")]
        file: Vec<u8>,
    },
    /// The delta was put aside.
    DeltaClosed,
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

/// What a delta says of itself; untrusted text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeltaSummary {
    /// Title, if it has one.
    pub title: String,
    /// The identifier word.
    pub token: String,
    /// The class word.
    pub class_word: String,
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
