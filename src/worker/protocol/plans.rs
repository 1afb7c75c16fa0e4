//! Memory plans: how much memory a model needs on this device.

use serde::{Deserialize, Serialize};

use crate::config::LayerPreset;
use crate::worker::protocol::bases::BaseSource;
use crate::worker::protocol::kinds::Task;

/// What is planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// The model. If it is not loaded, only its config files are fetched.
    pub source: BaseSource,
    /// Pixels a side; the plan decides if it is left out.
    #[serde(default)]
    pub size: Option<usize>,
    /// Bytes of memory that the device has, if the person states them.
    #[serde(default)]
    pub memory: Option<u64>,
    /// The layers of the UNet to train.
    pub layers: LayerPreset,
    /// Whether the text encoder is trained, too.
    pub text_encoder: bool,
    /// Samples in a training step, those of the class included.
    pub samples: usize,
}

/// How much memory a model needs on this device, and how it is made to fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasePlan {
    /// The model.
    pub source: BaseSource,
    /// Pixels a side of the pictures that the model was trained with.
    pub own_size: usize,
    /// Pixels a side in this plan: the requested size, otherwise the largest that fits for training,
    /// otherwise the largest that fits for generating.
    pub size: usize,
    /// Sizes to choose from, in ascending order; only its own for a small model.
    pub sizes: Vec<usize>,
    /// Estimated bytes of memory of the device, or the stated ones.
    pub budget: u64,
    /// The budget is an estimate.
    pub assumed: bool,
    /// Generating.
    pub generate: JobPlan,
    /// Training.
    pub train: JobPlan,
}

/// The memory plan of one kind of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPlan {
    /// Whether it fits.
    pub verdict: PlanVerdict,
    /// Pixels a side that the following is for.
    pub size: usize,
    /// Why it does not fit, as the end of a sentence; empty if it does.
    pub reason: String,
    /// Peak memory in bytes.
    pub peak: u64,
    /// How memory is saved.
    pub savings: Vec<Saving>,
    /// The memory of each phase.
    pub phases: Vec<PlannedPhase>,
}

/// Whether work fits its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanVerdict {
    /// As requested.
    Fits,
    /// With smaller pictures.
    FitsSmaller,
    /// At no size of pictures.
    DoesNotFit,
}

/// A way to save memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saving {
    /// Weights and factors in F16.
    HalfPrecision,
    /// The UNet's blocks are recomputed in the backward pass.
    Recompute,
    /// The model is offloaded during a run, and loaded again after it.
    Offload,
    /// The autoencoder works on tiles.
    Tiles,
}

/// One phase of the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPhase {
    /// What is done, as the end of 'while …'.
    pub name: String,
    /// What is in memory at its peak.
    pub items: Vec<PlannedItem>,
}

/// One item in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedItem {
    /// What it is.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
}

/// The memory that work took, for comparison with its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// The work.
    pub task: Task,
    /// Peak bytes of the plan.
    pub planned: u64,
    /// Peak bytes of GPU buffers during the work; none on the CPU.
    pub gpu_peak: Option<u64>,
    /// Bytes of GPU buffers now.
    pub gpu: Option<u64>,
    /// Bytes of WebAssembly memory, which never shrinks.
    pub wasm: u64,
}
