//! The attention map as one operation: P̄ = mean over heads of softmax(q kᵀ / √d).
//!
//! It says how much each pixel looks at each token. Nothing but q and k is saved, which the attention
//! itself saves anyway; the backward pass computes the weights again:
//!
//! ```text
//! ∂P = ∂P̄ / heads      ∂S = P ⊙ (∂P − Σ P ⊙ ∂P) / √d      ∂q = ∂S k      ∂k = ∂Sᵀ q
//! ```
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

/// The attention weights, averaged over the heads; q and k get gradients.
///
/// # Shapes
/// `q`: `[batch, queries, channels]`; `k`: `[batch, keys, channels]`; result:
/// `[batch, queries, keys]`, whose rows sum to 1.
pub(crate) fn attention_map(q: Tensor<3>, k: Tensor<3>, heads: usize) -> Tensor<3> {
    if !has_cpu_kernels(&q.device()) {
        return generic::attention_map(q, k, heads);
    }
    let map = <Dispatch as AttentionMapOps>::map(q.into_dispatch(), k.into_dispatch(), heads);
    Tensor::from_dispatch(map)
}

/// The operation on a backend, with or without autodiff.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait AttentionMapOps: Backend {
    fn map(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
}

impl AttentionMapOps for Flex {
    fn map(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        Self::map_forward(q, k, heads)
    }
}

/// The forward and backward pass on a backend, without autodiff.
pub(crate) trait AttentionMapKernels: Backend {
    /// P̄.
    fn map_forward(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;

    /// ∂q and ∂k from ∂P̄.
    fn map_backward(
        grad: FloatTensor<Self>,
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        heads: usize,
    ) -> [FloatTensor<Self>; 2];
}

#[cfg(test)]
mod tests;
