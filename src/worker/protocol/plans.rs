//! What a base takes of memory on this device, as requests and events say it.

use serde::{Deserialize, Serialize};

use super::{BaseSource, Task};
use crate::config::LayerPreset;

/// Which base is planned for, and for what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// The base. Of one that is not loaded the config files are fetched, and nothing else.
    pub source: BaseSource,
    /// Side of its pictures; without it the plan says one.
    #[serde(default)]
    pub size: Option<usize>,
    /// Bytes of memory that the device has, if the person states them.
    #[serde(default)]
    pub memory: Option<u64>,
    /// The layers of the UNet that are to be trained.
    pub layers: LayerPreset,
    /// The text encoder is to be trained too.
    pub text_encoder: bool,
    /// Samples in one training step, those of the class included.
    pub samples: usize,
}

/// What a base takes of memory on this device, and how it is made to fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasePlan {
    /// The base.
    pub source: BaseSource,
    /// Side of the pictures that it was trained with, in pixels.
    pub own_size: usize,
    /// The side that is planned for; the one asked for, otherwise the largest that fits for
    /// training, and if none does, for making pictures.
    pub size: usize,
    /// Sides to choose from, the smallest first; only its own for a small base.
    pub sizes: Vec<usize>,
    /// Bytes of memory that the device is taken to have.
    pub budget: u64,
    /// Nobody stated them.
    pub assumed: bool,
    /// Making pictures.
    pub generate: JobPlan,
    /// Training.
    pub train: JobPlan,
}

/// What one kind of work takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPlan {
    /// Whether it fits.
    pub verdict: PlanVerdict,
    /// Side of the pictures that the rest is for.
    pub size: usize,
    /// Why it does not fit, as the end of a sentence; empty if it does.
    pub reason: String,
    /// The most bytes that are held at once.
    pub peak: u64,
    /// How memory is saved.
    pub savings: Vec<Saving>,
    /// What is held, phase by phase.
    pub phases: Vec<PlannedPhase>,
}

/// Whether work fits its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanVerdict {
    /// As it was asked for.
    Fits,
    /// With smaller pictures.
    FitsSmaller,
    /// At no size.
    DoesNotFit,
}

/// A way to save memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saving {
    /// Weights, U and V in F16.
    HalfPrecision,
    /// The UNet's blocks are computed again in the backward pass.
    Recompute,
    /// What a training step does not use is let go of, and loaded again after the run.
    LetGo,
    /// The autoencoder works in tiles.
    Tiles,
}

/// One part of a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPhase {
    /// What is done then, as the end of 'while …'.
    pub name: String,
    /// What is held at its worst moment.
    pub items: Vec<PlannedItem>,
}

/// One piece of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedItem {
    /// What it is.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
}

/// What a piece of work really took of memory, to be held against its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// The work.
    pub task: Task,
    /// The most bytes that the plan says.
    pub planned: u64,
    /// The most bytes of GPU buffers at once since the work began; none on the CPU.
    pub gpu_peak: Option<u64>,
    /// Bytes of GPU buffers now.
    pub gpu: Option<u64>,
    /// Bytes of WebAssembly memory, which never shrinks.
    pub wasm: u64,
}
