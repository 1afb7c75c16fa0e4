//! The gate of GEGLU as one operation (Shazeer 2020, arXiv 2002.05202; diffusers `GEGLU`).
//!
//! y = a · gelu(b) with x = (a, b) and gelu(b) = b Φ(b), Φ the standard normal distribution
//! function and φ its density:
//!
//! ```text
//! ∂a = ∂y gelu(b)      ∂b = ∂y a (Φ(b) + b φ(b))      φ(b) = e^(−b²/2) / √(2π)
//! ```
//!
//! Composed of Burn's operations, both halves are copied and a scalar erf is called twice per
//! element.
//!
//! | file | content |
//! |---|---|
//! | `generic` | composed of Burn's operations, for devices without kernels |
//! | `cpu` | kernels for Burn's flex backend |
//! | `autodiff` | what is saved for the backward pass |

mod autodiff;
mod cpu;
mod generic;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::ops::flex_tensor::has_cpu_kernels;

/// a · gelu(b) of x = (a, b).
///
/// # Shapes
/// `x`: `[batch, tokens, 2 · inner]`; result: `[batch, tokens, inner]`.
pub(crate) fn geglu(x: Tensor<3>) -> Tensor<3> {
    if !has_cpu_kernels(&x.device()) {
        return generic::geglu(x);
    }
    Tensor::from_dispatch(<Dispatch as GegluOps>::geglu(x.into_dispatch()))
}

/// The operation on a backend, with or without autodiff.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait GegluOps: Backend {
    fn geglu(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl GegluOps for Flex {
    fn geglu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::geglu_forward(x)
    }
}

/// The forward and backward pass on a backend, without autodiff.
pub(crate) trait GegluKernels: Backend {
    /// y.
    fn geglu_forward(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// ∂x from ∂y and x.
    fn geglu_backward(grad: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(test)]
mod tests;
