//! Spectral shifts: W = U diag(σ) Vᵀ once per base model, and W_δ = U diag(relu(σ + δ)) Vᵀ from then on.
//!
//! | module | what it does |
//! |---|---|
//! | [`svd`] | decomposes one matrix and checks the result |
//! | [`decompose`] | decomposes the layers of a model, and keeps the factors |
//! | [`shift`] | δ per layer: baked into weights, or as leaves for training |
//! | [`delta`] | the file that is shared, and what is made of several |
//! | [`lora`] | deltas as LoRA files, and LoRA files as additions to a base model |

pub mod decompose;
pub mod delta;
pub mod lora;
pub mod shift;
pub mod svd;

#[cfg(test)]
mod tests;

pub use decompose::decomposed::DecomposedBaseModel;
pub use decompose::decomposed_model::{DecomposedModel, LayerFactors, Layers};
pub use decompose::layer_selection::LayerSelection;
pub use shift::ShiftSet;
pub use shift::preset::LayerPreset;
pub use shift::shifted_model::{
    LayerRange, ShiftGradients, ShiftedModel, ShiftedModelWithGraph, WeightForm,
};
