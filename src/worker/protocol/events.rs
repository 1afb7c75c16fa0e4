//! What the engine reports and answers.

use serde::{Deserialize, Serialize};

use crate::config::{LayerPreset, SubjectWords, TrainConfig};
use crate::error::Error;
use crate::worker::protocol::bases::{BytesFrom, CatalogueBase, StoredBase, TokenizerOffer};
use crate::worker::protocol::kinds::{Collage, Pixels, Task};
use crate::worker::protocol::plans::{BasePlan, MemoryUse};

/// An event of the engine, posted in an [`Answer`](super::Answer).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the doc of each variant covers its fields")]
pub enum Event {
    /// The worker listens; messages that were sent before are lost.
    Ready,
    /// A device was chosen: its name, and why it was chosen.
    Device {
        kind: DeviceKind,
        name: String,
        reason: String,
    },
    /// The progress of work: `done` of `total` steps.
    Progress { task: Task, done: u64, total: u64 },
    /// The progress of a download: `done` of `total` bytes of the file, `base_done` of `base_total`
    /// bytes of the model. `component` is the file's folder ('unet'; empty for none). A total is 0
    /// while it is unknown.
    Download {
        component: String,
        path: String,
        from: BytesFrom,
        done: u64,
        total: u64,
        base_done: u64,
        base_total: u64,
    },
    /// A download is retried after `seconds`.
    DownloadRetry {
        path: String,
        reason: String,
        seconds: f32,
    },
    /// The models of the catalogue, and its tokenizer for checkpoints of one file.
    Catalogue {
        bases: Vec<CatalogueBase>,
        tokenizer: Option<TokenizerOffer>,
    },
    /// The stored models, the most recently used one first.
    Stored { bases: Vec<StoredBase> },
    /// The memory plan of a model.
    Planned { plan: Box<BasePlan> },
    /// Pictures have `size` pixels a side from now on.
    SizeSet { size: usize },
    /// The memory that training or generating took.
    MemoryUsed { used: MemoryUse },
    /// The model is loaded; pictures have `size` pixels a side. `presets` are the presets of layers,
    /// `text_encoder` is the number of the text encoder's shifts, `forward_seconds` the time of one
    /// forward pass of the UNet (0 on a GPU).
    Loaded {
        base: String,
        hash: String,
        size: usize,
        presets: Vec<Preset>,
        text_encoder: usize,
        forward_seconds: f32,
        unfinished_run: Option<Box<UnfinishedRun>>,
    },
    /// A picture was added or changed. `pixels` is its crop as training will see it: RGBA, `size`
    /// pixels a side.
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
    /// A picture was removed.
    PictureRemoved { id: u32 },
    /// The first collages of a run.
    Collages { collages: Vec<ShownCollage> },
    /// A collage as the person arranged it.
    Collage(ShownCollage),
    /// Collages cannot be made of these subjects.
    CollagesRefused { error: Error },
    /// A training step was made. `seconds_left` is NaN while it is unknown.
    Step {
        step: usize,
        total: usize,
        loss: f32,
        steps_per_second: f32,
        seconds_left: f32,
    },
    /// A picture of the subject as learned so far.
    Preview { step: usize, picture: Pixels },
    /// The work was paused (true) or resumed (false).
    Paused { paused: bool },
    /// A checkpoint was stored in this browser.
    Checkpoint { step: usize },
    /// A delta is open. `id` is the hash of its content, `file` its bytes for download.
    Delta {
        origin: Origin,
        id: String,
        summary: DeltaSummary,
        file_name: String,
        #[serde(with = "serde_bytes")]
        file: Vec<u8>,
    },
    /// A delta's words were changed: `was` is closed, `id` is open in its place.
    Described { was: String, id: String },
    /// A delta as the text of a link; `error` is the rounding error, ‖difference‖ / ‖δ‖.
    Packed {
        id: String,
        text: String,
        error: f64,
    },
    /// The delta that a link carries; it is not open yet.
    Unpacked {
        summary: DeltaSummary,
        file_name: String,
        #[serde(with = "serde_bytes")]
        file: Vec<u8>,
    },
    /// A delta was closed.
    DeltaClosed { id: String },
    /// Pictures were generated.
    Generated {
        id: u32,
        personalised: bool,
        pictures: Vec<Pixels>,
    },
    /// An edit is done; `lost` is the error of the inversion, ‖difference‖ / ‖picture‖ of the
    /// latents.
    Edited { id: u32, lost: f32 },
    /// A delta was written for another program. `kept` is the fraction of the change of linear and
    /// convolution weights (Σ d²) that the files hold, `left_out` the fraction of the delta's whole
    /// change that the format cannot hold.
    Exported {
        files: Vec<ExportedFile>,
        kept: f64,
        left_out: f64,
    },
    /// The device was checked; differences above `tolerance` are not due to rounding.
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
    /// It was just trained.
    Trained,
    /// A file.
    Opened,
    /// A preview of the last training.
    Preview,
    /// An open delta whose words were changed.
    Described,
    /// Other open deltas.
    Combined,
}

/// A property of a picture that may make training worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureFault {
    /// It has fewer pixels than the model's pictures.
    Tiny,
    /// It has no sharp edge.
    Blurry,
    /// The subject already has the same or nearly the same picture.
    Duplicate,
}

/// A file for download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its name.
    pub name: String,
    /// Its content.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// The difference between the device and the reference in one part of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The part, as the engine's check names it.
    pub part: String,
    /// ‖device − reference‖ / ‖reference‖.
    pub relative_l2: f32,
}

/// A collage with its picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownCollage {
    /// Its index among the run's collages, from 0.
    pub number: usize,
    /// Its composition.
    pub collage: Collage,
    /// Its caption in training.
    pub caption: String,
    /// Its pixels in training.
    pub picture: Pixels,
}

/// The metadata of a delta; untrusted text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeltaSummary {
    /// Title, if it has one.
    pub title: String,
    /// The subjects that it has learned.
    pub subjects: Vec<SubjectWords>,
    /// Training steps.
    pub steps: usize,
    /// Its author.
    pub author: String,
    /// Its licence.
    pub licence: String,
    /// Its description.
    pub description: String,
    /// The time at which it was made, ISO 8601.
    pub date: String,
    /// Name of the base model that it belongs to.
    pub base: String,
    /// SHA-256 of that base model's weights; empty in entries that an earlier version stored.
    #[serde(default)]
    pub base_sha256: String,
    /// The number of its parameters.
    pub parameters: usize,
    /// Size of its file in bytes.
    pub bytes: usize,
}

/// A run that can be resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnfinishedRun {
    /// Its settings.
    pub config: TrainConfig,
    /// Steps done.
    pub step: usize,
}

/// A preset of layers to train.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// The choice.
    pub name: LayerPreset,
    /// The number of shifts that it trains.
    pub shifts: usize,
}

/// Kinds of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// WebGPU.
    Gpu,
    /// WebAssembly.
    Cpu,
}
