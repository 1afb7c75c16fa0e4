//! Spectral shifts (SVDiff): W = U diag(σ) Vᵀ is computed once per base model; training and
//! inference use W_δ = U diag(relu(σ + δ)) Vᵀ.
//!
//! Source: L. Han et al., *SVDiff: Compact Parameter Space for Diffusion Fine-Tuning*, ICCV 2023,
//! <https://arxiv.org/abs/2303.11305>. Where its parts are:
//!
//! | part of the paper | module |
//! |---|---|
//! | SVD of the weights, convolutions as `c_out × (c_in·k·k)` (section 3.2) | [`svd`], [`decompose`] |
//! | spectral shifts, relu(σ + δ) (section 3.2) | [`shift::bake`] for inference, [`shift::shifted_model`] for training |
//! | norms, as vectors or as 1×C rows | [`shift::NormShift`] |
//! | subsets of layers: UNet-CA, UNet-CA-KV, 1-D, 2-D, 4-D (section 4) | [`shift::preset`] |
//! | combining deltas (section 3.2), interpolation, rank limit (section 4) | [`delta::combine`] |
//! | style mixing: geometry and appearance (section 4) | [`shift::geometry`], [`delta::combine`] |
//! | Cut-Mix-Unmix (3.3), prior preservation, single-image editing (3.4) | `train`, `edit` |
//! | the delta as a small file | [`delta`] |
//!
//! Beyond the paper: files of svdiff-pytorch ([`delta::svdiff_pytorch`]), and LoRA files
//! ([`lora`]).
//!
//! Dependencies point one way: `svd` ← `decompose` ← `shift` ← `delta` ← `lora`; the files of this
//! folder are above all of them.

pub mod decompose;
pub mod decomposed_base_model;
pub mod delta;
pub mod layer_selection;
pub mod lora;
pub mod shift;
pub mod svd;

#[cfg(test)]
mod tests;

pub use decompose::decomposed_model::DecomposedModel;
pub use decompose::layer_factors::LayerFactors;
pub use decomposed_base_model::DecomposedBaseModel;
pub use layer_selection::LayerSelection;
pub use shift::ShiftSet;
pub use shift::preset::LayerPreset;
pub use shift::shifted_model::{LayerRange, ShiftedModel, WeightForm};
pub use shift::with_graph::{ShiftGradients, ShiftedModelWithGraph};
