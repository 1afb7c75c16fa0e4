//! Products of matrices, and the constant matrices that layers multiply with.
//!
//! | file | content |
//! |---|---|
//! | `cpu` | gemm over slices |
//! | [`stored_matrix`] | a constant matrix in F32 or F16, on a device |
//! | `factors` | U, s and Vᵀ of a factored weight |
//! | `generic` | a stored matrix as the F32 operand of one product |
//! | `gpu` | the same on GPUs, in one buffer that all products share |
//! | `workspace` | the size of that buffer |

pub(crate) mod cpu;
pub(crate) mod factors;
pub(crate) mod generic;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
pub mod stored_matrix;
pub(crate) mod workspace;
