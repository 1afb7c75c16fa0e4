//! Tensor operations with kernels of this crate, one folder per operation.
//!
//! | module | operation |
//! |---|---|
//! | [`matmul`] | products of matrices, and constant matrices stored as F32 or F16 |
//! | [`linear`] | linear layers, whole or factored |
//! | [`conv`] | 2-D convolutions, whole or factored |
//! | [`attention`] | softmax(q kᵀ / √d) v |
//! | [`attention_map`] | softmax(q kᵀ / √d), averaged over the heads |
//! | [`norm`] | GroupNorm and LayerNorm, with SiLU |
//! | [`geglu`] | a · gelu(b) |
//! | [`f16`](mod@f16) | F32 to packed F16 and back |
//!
//! In a folder, `mod.rs` has the public functions with formula and shapes, the backend extension
//! (a trait that Burn dispatches to the backend of the tensors) and the trait of the kernels;
//! `generic.rs` composes the operation of Burn's own, `cpu.rs` and `gpu.rs` have the kernels, and
//! `autodiff.rs` what is saved for the backward pass.
//!
//! The other files hold what the kernels share: tensors as slices (`flex_tensor`), vector loops
//! (`simd`), work per core (`pieces`), temporary buffers (`scratch`).

pub mod attention;
pub(crate) mod attention_map;
pub(crate) mod conv;
pub(crate) mod f16;
pub(crate) mod geglu;
pub mod linear;
pub mod matmul;
pub(crate) mod norm;

mod flex_tensor;
mod gradients;
mod optional_tensor;
mod pieces;
mod scratch;
mod simd;

#[cfg(test)]
pub(crate) mod close;
