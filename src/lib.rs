//! DeltaBooth: a photo booth in a browser tab.
//!
//! A few pictures of a subject train *spectral shifts* (SVDiff, ICCV 2023) of a diffusion model;
//! the result is a small delta that anyone applies to the same base model.
//!
//! The modules stand in the order of the data's way:
//!
//! | module | what comes out |
//! |---|---|
//! | `sha256` | hashes of files |
//! | [`storage`] | files in OPFS, on disk, or in memory |
//! | [`config`] | settings of training, pictures and edits, with their defaults |
//! | [`weights`] | checked tensors from a diffusers folder, on disk or over HTTP |
//! | [`model`] | the published model: CLIP text encoder, UNet, autoencoder |
//! | [`sampler`] | noise schedule, sampling methods, seeded noise |
//! | [`spectral`] | W = U diag(σ) Vᵀ, the shifts δ, the delta file |
//! | [`train`] | δ from a few pictures |
//! | [`plan`] | what a job takes of memory, and how it is made to fit |
//! | [`generate`] | pictures from a prompt and any deltas |
//! | [`edit`] | one picture, edited by its prompt |
//! | `eval` | whether it learned: a judge looks at generated pictures |
//! | [`check`] | how far this device is from diffusers |
//! | `memory` | freed memory kept for the next step, natively |
//! | `synthetic` | synthetic models: names and shapes of published base models with random weights, for tests |
//! | [`worker`] | the contract between page and engine |
//! | [`ui`] | the page |

#[cfg(feature = "tensor")]
pub mod check;
pub mod config;
#[cfg(feature = "tensor")]
pub mod edit;
pub mod error;
#[cfg(feature = "booth")]
pub mod eval;
#[cfg(feature = "tensor")]
pub mod generate;
#[cfg(all(feature = "tensor", feature = "web"))]
pub(crate) mod js;
#[cfg(feature = "booth")]
pub mod memory;
#[cfg(feature = "tensor")]
pub mod model;
#[cfg(feature = "tensor")]
pub mod ops;
#[cfg(feature = "tensor")]
pub mod picture;
#[cfg(feature = "tensor")]
pub mod plan;
#[cfg(feature = "tensor")]
mod read_back;
#[cfg(feature = "tensor")]
pub mod sampler;
#[cfg(any(feature = "tensor", feature = "web"))]
pub mod sha256;
#[cfg(feature = "tensor")]
pub mod spectral;
#[cfg(feature = "tensor")]
pub mod storage;
#[cfg(feature = "booth")]
pub mod synthetic;
#[cfg(feature = "tensor")]
pub mod train;
#[cfg(feature = "page")]
pub mod ui;
#[cfg(feature = "tensor")]
pub mod weights;
pub mod worker;

pub use error::{Error, Result};
