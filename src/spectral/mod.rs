//! Spectral shifts: W = U diag(σ) Vᵀ once per base, and W_δ = U diag(relu(σ + δ)) Vᵀ from then on.
//!
//! [`svd`] decomposes one matrix, [`exactness`] checks it, and [`base`] holds the factors of those
//! layers of a model that are needed ([`needs`]). They are made in a [`workshop`] (`threads`: a
//! terminal's) and kept as [`factors`], in a browser on a [`shelf`]. [`shift`] holds the δ of each
//! layer, [`bake`] makes them weights for inference, and [`trainable`] makes them leaves for training
//! ([`preset`]: which of them); [`delta`] is the file that is shared, and [`combine`] makes one delta
//! of several; [`decomposed`] holds a base's parts together. [`packed`] makes a delta the text of a
//! link. [`svdiff_pytorch`] and [`lora`] ([`lora_kohya`], [`lora_diffusers`]) exchange deltas with
//! other programs.

pub mod base;
pub mod combine;
pub mod decomposed;
pub mod delta;
pub mod exactness;
pub mod factors;
pub mod geometry;
pub mod import;
pub mod lora;
pub mod lora_diffusers;
pub mod lora_file;
pub mod lora_kohya;
pub mod needs;
pub mod packed;
pub mod preset;
pub mod shapes;
pub mod shelf;
pub mod shift;
pub mod svd;
pub mod svdiff_pytorch;
#[cfg(not(target_family = "wasm"))]
pub mod threads;
pub mod trainable;
pub mod workshop;

mod bake;
mod gram;
mod metadata;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod workshop_tests;

pub use base::{LayerBase, Layers, SpectralBase};
pub use decomposed::Decomposed;
pub use needs::Needs;
pub use preset::LayerPreset;
pub use shift::ShiftSet;
pub use trainable::{Attached, Collected, Form, LayerRange, Trainable};
