//! What is planned: a job, the limits of its device, and the ways to save memory.

use crate::spectral::shift::preset::LayerPreset;
use crate::train::Recompute;
use crate::weights::Stored;

/// The task of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Generate pictures with classifier-free guidance: two samples in each pass.
    Generate {
        /// The layers that a delta shifts. Their baked weights are held beside the base model's.
        /// `None` without a delta.
        delta: Option<LayerPreset>,
    },
    /// Train shifts.
    Train {
        /// Samples in each step, class samples included.
        samples: usize,
        /// The trained layers of the UNet.
        preset: LayerPreset,
        /// Whether the text encoder is trained, too.
        text_encoder: bool,
    },
}

/// The kernels of norms, gates and convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// Those of this crate, on a CPU. Convolutions use im2col.
    Custom,
    /// Burn's, on a GPU.
    Burn,
}

/// A task with its settings on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// The task.
    pub task: Task,
    /// Side of the pictures, in pixels.
    pub pixels: usize,
    /// The kernels.
    pub kernels: Kernels,
    /// Storage type of the weights.
    pub weights: Stored,
    /// Storage type of U and V.
    pub factors: Stored,
}

/// Limits of a device, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Total memory.
    pub budget: u64,
    /// Size of one tensor: the smaller of WebGPU's `maxBufferSize` and
    /// `maxStorageBufferBindingSize`.
    pub buffer: u64,
}

/// Classes of devices with assumed limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClass {
    /// WebAssembly: 4 GiB of address space, less a quarter for the program and fragmentation.
    BrowserCpu,
    /// A GPU of unknown size. Most have 8 GB or share as much; other windows and tabs use some.
    Gpu,
    /// A native process: no limit.
    Native,
}

impl Limits {
    /// The assumed limits of a device that does not report its own.
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

/// How memory is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// What is recomputed in the backward pass.
    pub recompute: Recompute,
    /// Whether everything that a training step does not use is dropped: the text encoder, the
    /// autoencoder, and the UNet's weights that are trained as U and V. The caller prepares the
    /// pictures ([`Prepared`](crate::train::Prepared)), decomposes, and then drops the base model
    /// and its decomposition; after the run the base model is loaded again.
    pub offload: bool,
    /// Side of the autoencoder's tiles in pixels; `None` without tiling.
    pub tile: Option<usize>,
}
