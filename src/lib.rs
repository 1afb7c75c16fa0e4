//! DeltaBooth: a photo booth in a browser tab.
//!
//! A few pictures of a subject train *spectral shifts* (SVDiff, ICCV 2023) of a diffusion model;
//! the result is a small delta that anyone applies to the same base model.
//!
//! Modules, in data-flow order; each depends only on modules above it (see `ARCHITECTURE.md`):
//!
//! | module | purpose |
//! |---|---|
//! | [`error`] | the public error type |
//! | [`config`] | settings of training, pictures and edits, with their defaults |
//! | `sha256`, `read_back`, `js` | hashes, tensors read from their device, helpers for JavaScript |
//! | [`storage`] | files in OPFS, on disk, or in memory |
//! | [`weights`] | checked tensors from weight files, on disk or over HTTP |
//! | [`ops`] | kernels, one folder per operation |
//! | [`model`] | the published model: CLIP text encoder, UNet, autoencoder |
//! | [`sampler`] | noise schedule, sampling methods, seeded noise |
//! | [`spectral`] | W = U diag(σ) Vᵀ, the shifts δ, the delta file |
//! | [`generate`] | pictures from a prompt and any deltas |
//! | [`train`] | δ from a few pictures |
//! | [`edit`] | one picture, edited by its prompt |
//! | [`plan`] | estimated memory of a job, and what is done to make it fit |
//! | `eval` | scores of generated pictures, by a judge network |
//! | [`check`] | comparison of this device with diffusers |
//! | `memory` | reuse of freed memory, natively |
//! | `synthetic` | names and shapes of published models with random weights, for tests |
//! | [`worker`] | the protocol between page and engine, and both ends of it |
//! | `ui` | the page |

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
