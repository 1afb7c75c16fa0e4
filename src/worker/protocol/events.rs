//! What the engine answers.

use serde::{Deserialize, Serialize};

use super::{
    BasePlan, BytesFrom, CatalogueBase, Collage, MemoryUse, Pixels, StoredBase, SubjectWords,
    TokenizerOffer, TrainRequest,
};
use crate::error::Error;

/// From the engine to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum Event {
    /// The worker listens; messages that were sent before are lost.
    Ready,
    /// The device was chosen: its name, and why it.
    Device {
        kind: DeviceKind,
        name: String,
        reason: String,
    },
    /// How far a piece of work has come.
    Progress { task: Task, done: u64, total: u64 },
    /// A file of the base is on its way: `done` of its `total` bytes are there, `base_done` of
    /// `base_total` of the whole base, from `from`. `component` is the file's folder ('unet', empty
    /// for none). A total is 0 while nobody knows it.
    Download {
        component: String,
        path: String,
        from: BytesFrom,
        done: u64,
        total: u64,
        base_done: u64,
        base_total: u64,
    },
    /// A download is tried again after so many seconds, for this reason.
    DownloadRetry {
        path: String,
        reason: String,
        seconds: f32,
    },
    /// The bases to choose from, as whoever hosts the page wrote them down, and the tokenizer that
    /// they have for checkpoints of one file.
    Catalogue {
        bases: Vec<CatalogueBase>,
        tokenizer: Option<TokenizerOffer>,
    },
    /// What this browser keeps of bases, the one that was used last first.
    Stored { bases: Vec<StoredBase> },
    /// What a base takes of memory here.
    Planned { plan: Box<BasePlan> },
    /// Pictures have so many pixels a side from now on.
    SizeSet { size: usize },
    /// Training, or making pictures, took so much of memory.
    MemoryUsed { used: MemoryUse },
    /// The base is loaded; pictures have `size` pixels a side. `presets` are the choices of layers,
    /// `text_encoder` counts the text encoder's shifts. `forward_seconds` is what the UNet took for
    /// one sample, for estimates.
    Loaded {
        base: String,
        hash: String,
        size: usize,
        presets: Vec<Preset>,
        text_encoder: usize,
        forward_seconds: f32,
        unfinished_run: Option<Box<UnfinishedRun>>,
    },
    /// A picture was taken in; `pixels` is RGBA, `size` a side, as training will see it.
    Picture {
        id: u32,
        size: u32,
        #[serde(with = "serde_bytes")]
        pixels: Vec<u8>,
        offset: f32,
        faults: Vec<PictureFault>,
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
    /// A delta is open. `id` is its content's hash, `file` its bytes for download.
    Delta {
        origin: Origin,
        id: String,
        summary: DeltaSummary,
        file_name: String,
        #[serde(with = "serde_bytes")]
        file: Vec<u8>,
    },
    /// A delta has other words now: `was` is closed, the delta of this id is open.
    Described { was: String, id: String },
    /// A delta as the text of a link; `error` is what rounding lost, ‖difference‖ / ‖δ‖.
    Packed {
        id: String,
        text: String,
        error: f64,
    },
    /// The delta that a link carries, not opened yet.
    Unpacked {
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
    },
    /// An edit is done; `lost` is what the inversion lost of the picture, ‖difference‖ / ‖picture‖
    /// of the latents.
    Edited { id: u32, lost: f32 },
    /// A delta was written for another program. `kept` is the share of the change of linear and
    /// convolution weights (Σ d²) that is in the files, `left_out` the share of the delta's whole
    /// change that no such file can hold.
    Exported {
        files: Vec<ExportedFile>,
        kept: f64,
        left_out: f64,
    },
    /// The device was checked; no difference above `tolerance` is owed to rounding.
    Checked {
        differences: Vec<Difference>,
        tolerance: f32,
    },
    /// Something to know that stops nothing.
    Warning { message: String },
    /// The request is answered.
    Done,
    /// The request ended because it was cancelled.
    Stopped { task: Task },
    /// The request failed; the engine takes the next one, except after
    /// [`Error::Device`](crate::Error::Device).
    Failed { task: Task, error: Error },
    /// The request cannot be read.
    Refused { error: Error },
}

impl Event {
    /// Whether it is the last event of its request.
    pub fn is_last(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::Stopped { .. } | Self::Failed { .. } | Self::Refused { .. }
        )
    }
}

/// Where a delta comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It was trained just now.
    Trained,
    /// A file.
    Opened,
    /// A preview of the last training.
    Preview,
    /// An open delta, with other words.
    Described,
    /// Other open deltas.
    Combined,
}

/// What a person may want to know of a picture before training on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureFault {
    /// It has fewer pixels than the base's pictures.
    Tiny,
    /// It has no sharp edge.
    Blurry,
    /// The subject has the same picture already, or nearly.
    Duplicate,
}

/// A file for download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its name.
    pub name: String,
    /// What is in it.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// How far the device is from the reference in one part of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The part, as the engine's check names it.
    pub part: String,
    /// ‖device − reference‖ / ‖reference‖.
    pub relative_l2: f32,
}

/// Pieces of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Loading the base.
    Load,
    /// Planning a base's memory.
    Plan,
    /// Reading the catalogue.
    Catalogue,
    /// Listing or removing what is kept of bases.
    Storage,
    /// Decomposing its weights.
    Decompose,
    /// Making class pictures.
    Prior,
    /// Training.
    Train,
    /// Making pictures.
    Generate,
    /// Opening a delta, or giving it other words.
    OpenDelta,
    /// Making a delta a link, or a link a delta.
    Link,
    /// Making one delta of several.
    Combine,
    /// Writing a delta for other programs.
    Export,
    /// Taking a picture in.
    Picture,
    /// Checking the device.
    Check,
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
    /// Who made it.
    pub author: String,
    /// On what terms.
    pub licence: String,
    /// Anything else.
    pub description: String,
    /// When it was made, ISO 8601.
    pub date: String,
    /// Name of the base model that it belongs to.
    pub base: String,
    /// SHA-256 of that base model's weights; empty in entries that an earlier version stored.
    #[serde(default)]
    pub base_sha256: String,
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

/// A choice of layers to train.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// Its name in files ('cross_attention').
    pub name: String,
    /// Shifts that it trains.
    pub shifts: usize,
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
