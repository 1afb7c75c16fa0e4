//! Kernels, one folder per operation; the CPU and the GPU form of an operation stand side by side.
//!
//! | module | operation |
//! |---|---|
//! | [`matmul`] | products of matrices on the CPU, and the matrix as it is stored |
//! | [`linear`] | linear and factored layers with frozen weights, and their convolutions |
//! | [`conv`] | a picture as the columns of a matrix (im2col) |
//! | [`attention`] | softmax(q kᵀ / √d) v, and the attention maps |
//! | [`norm`] | GroupNorm and LayerNorm, with SiLU |
//! | [`geglu`] | the gate of the feed-forward layers |
//! | [`f16`] | two halves in a 32-bit word |
//! | [`simd`] | vectors of the CPU |

pub mod attention;
pub mod conv;
pub mod f16;
pub mod geglu;
pub mod linear;
pub mod matmul;
pub mod norm;

pub(crate) mod simd;

#[cfg(test)]
pub(crate) mod close;

/// Whether the kernels of [`geglu`] and [`norm`] run on `device`.
pub(crate) fn has_kernels(device: &burn::tensor::Device) -> bool {
    *device == burn::tensor::Device::flex()
}
