//! Memory plans: the estimated memory of a job, before it starts.
//!
//! The estimate is computed from the config files, the picture size, the batch and the trained
//! layers. It counts weights, U and V, tensors kept for the backward pass, optimiser state and
//! temporary tensors. WebGPU reports the largest buffer and binding but not the size of the memory,
//! so the estimate is compared with a budget that the user states, or with [`Limits::assumed`].
//!
//! | file | content |
//! |---|---|
//! | [`job`] | the job, the limits of a device, ways to save memory |
//! | `configs` | the config files of a base model |
//! | `parts` | sizes of the weights; memory of the text encoder |
//! | `autoencoder` | the same of the autoencoder |
//! | `cost`, `walk`, `stages` | memory of each stage of the UNet |
//! | `unet` | peak memory of a pass through the UNet |
//! | `phases` | the phases of a job with their items |
//! | [`verdict`] | the fastest strategy that fits |
//! | [`advice`] | whether and at which size a base model generates and trains on a device |
//!
//! On the CPU the estimates are tested against a counting allocator (`tests/memory`). Those of
//! [`Kernels::Burn`] are derived from Burn's operations and have not been measured on a GPU.

pub mod advice;
pub mod job;
pub mod verdict;

mod autoencoder;
mod configs;
mod cost;
mod parts;
mod phases;
mod stages;
mod unet;
mod walk;

#[cfg(test)]
mod tests;

pub use advice::{Advice, PlanOptions, advise};
pub use configs::Configs;
pub use job::{DeviceClass, Job, Kernels, Limits, Strategy, Task};
pub use phases::{Item, Phase, phases};
pub use unet::LEVEL_2_CACHE;
pub use verdict::{Plan, Verdict, plan};

pub use crate::weights::Stored;
