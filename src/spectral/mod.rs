//! Spectral shifts: W = U diag(σ) Vᵀ once per base, and W_δ = U diag(relu(σ + δ)) Vᵀ from then on.
//!
//! `svd` decomposes one matrix and [`base`] all layers of a model ([`cache`]: as bytes), `shift`
//! holds the δ of each layer, [`bake`] makes them weights for inference, and [`trainable`] makes
//! them leaves for training ([`preset`]: which of them); [`delta`] is the file that is shared, and
//! [`combine`] makes one delta of several; [`decomposed`] holds a base's parts together.
//! [`packed`] makes a delta the text of a link. [`svdiff_pytorch`] and [`lora`] ([`lora_kohya`],
//! [`lora_diffusers`]) exchange deltas with other programs.

pub mod base;
pub mod combine;
pub mod decomposed;
pub mod delta;
pub mod geometry;
pub mod import;
pub mod lora;
pub mod lora_diffusers;
pub mod lora_file;
pub mod lora_kohya;
pub mod packed;
pub mod preset;
pub mod shapes;
pub mod shift;
pub mod svd;
pub mod svdiff_pytorch;
pub mod trainable;

mod bake;
mod cache;
mod metadata;
#[cfg(test)]
mod tests;

pub use base::{LayerBase, Layers, SpectralBase};
pub use decomposed::Decomposed;
pub use preset::LayerPreset;
pub use shift::ShiftSet;
pub use trainable::{Attached, Collected, Form, LayerRange, Trainable};
