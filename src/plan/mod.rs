//! What a job will take of the device's memory, said before anything starts.
//!
//! From the config files, the size of the pictures, the batch and the layers that are trained, every
//! piece is counted: weights, U and V, what is kept for the backward pass, the optimiser's state,
//! and what is held for a moment only. WebGPU tells the largest buffer and binding, but neither how
//! much memory there is nor how much is free, so the sum is held against a budget: the person's own,
//! or [`Limits::assumed`].
//!
//! | file | what it counts |
//! |---|---|
//! | [`stages`] | each stage of the UNet: graph, output, what is held beside |
//! | `unet` | the peak of a pass, with a backward pass or without, recomputed or not |
//! | `parts` | weights of all parts; text encoder and autoencoder at work |
//! | `phases` | a job's phases, each with its items |
//! | [`verdict`] | the first strategy that fits, and what is said of it |
//! | [`advice`] | what a base can do on a device: making pictures, training, at which size |
//! | `configs` | a base's config files, read alone |
//!
//! On the CPU the sums are held against an allocator that counts (`tests/memory`). The columns of
//! [`Kernels::Burn`] follow from Burn's operations; no GPU has confirmed them yet.

pub mod advice;
mod configs;
mod parts;
mod phases;
pub mod stages;
mod unet;
pub mod verdict;

pub use advice::{Advice, PlanOptions, advise};
pub use configs::Configs;
pub use phases::{Item, Phase, phases};
pub use stages::Kernels;
pub use unet::LEVEL_2_CACHE;
pub use verdict::{Plan, Verdict, plan};

pub use crate::weights::Stored;

use crate::spectral::shift::preset::LayerPreset;
use crate::train::Recompute;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Pictures of a prompt, with guidance: two samples in each pass.
    Generate {
        /// Layers that a delta shifts, whose weights are then built beside the base's; none
        /// without a delta.
        delta: Option<LayerPreset>,
    },
    /// Training.
    Train {
        /// Samples in each step, those of the class included.
        samples: usize,
        /// The UNet's layers that are trained.
        preset: LayerPreset,
        /// Whether the text encoder is trained too.
        text_encoder: bool,
    },
}

/// A job on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is to be done.
    pub task: Task,
    /// Side of the pictures.
    pub pixels: usize,
    /// Who computes.
    pub kernels: Kernels,
    /// How the weights are stored.
    pub weights: Stored,
    /// How U and V are stored.
    pub factors: Stored,
}

/// What the device allows, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All memory together.
    pub budget: u64,
    /// One tensor: the smaller of WebGPU's `maxBufferSize` and `maxStorageBufferBindingSize`.
    pub buffer: u64,
}

/// Kinds of devices that a budget is assumed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClass {
    /// WebAssembly: 4 GiB of addresses, of which the program itself and gaps take a quarter.
    BrowserCpu,
    /// A GPU of which no more is known. Most have 8 GB or share as much; the system's windows and
    /// other tabs take their part.
    Gpu,
    /// The machine's own memory, with nothing known of it: no limit.
    Native,
}

impl Limits {
    /// The limits of a device that tells none.
    pub fn assumed(class: DeviceClass) -> Self {
        match class {
            DeviceClass::BrowserCpu => Self {
                budget: 3 << 30,
                buffer: 2 << 30,
            },
            DeviceClass::Gpu => Self {
                budget: 6 << 30,
                buffer: 1 << 30,
            },
            DeviceClass::Native => Self {
                budget: u64::MAX,
                buffer: u64::MAX,
            },
        }
    }
}

/// The ways to save memory that a plan chooses among.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// What is computed again in the backward pass.
    pub recompute: Recompute,
    /// Whether training lets go of everything that its steps do not use: the text encoder, the
    /// autoencoder, and the UNet's weights that are trained as U and V. Whoever trains does so by
    /// preparing first ([`Prepared`](crate::train::Prepared)), then taking up U and V, then dropping
    /// the base and its decomposition; after the run the base is loaded again.
    pub offload: bool,
    /// Side of the tiles that the autoencoder works in, in picture pixels; whole without.
    pub tile: Option<usize>,
}

#[cfg(test)]
mod tests;
