//! Scaled dot-product attention as one operation: y = softmax(q kᵀ / √d) v in every head (torch's
//! `scaled_dot_product_attention`).
//!
//! With P = softmax(q kᵀ / √d) the backward pass is
//!
//! ```text
//! ∂v = Pᵀ ∂y      ∂P = ∂y vᵀ      ∂S = P ⊙ (∂P − Σ P ⊙ ∂P) / √d      ∂q = ∂S k      ∂k = ∂Sᵀ q
//! ```
//!
//! It computes P again, row by row, from q, k and two numbers per row (Dao et al. 2022,
//! FlashAttention, algorithm 4). Only a small P is saved, which spares one of five products:
//! [`saves_weights`]. Composed of Burn's operations, attention copies q, k, v and y into another
//! layout, passes over the scores seven times and saves all of them.
//!
//! | file | content |
//! |---|---|
//! | `cpu` | kernels for Burn's flex backend; `inputs` and `softmax` are their parts |
//! | `chunked` | composed of Burn's operations for a few rows at a time, for GPUs |
//! | `autodiff` | what is saved for the backward pass |

mod autodiff;
#[cfg(any(test, feature = "gpu"))]
mod chunked;
mod cpu;
pub(crate) mod inputs;
pub(crate) mod softmax;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

/// The largest P that is saved for the backward pass, in elements (16 MiB).
///
/// Once P exceeds the CPU caches, writing and reading it costs as much as computing it again:
/// `cargo bench --bench attention`.
const MAX_SAVED_WEIGHTS: usize = 4 << 20;

/// Attention in `heads` heads; head h takes channels `h · channels / heads` on. q, k and v get
/// gradients.
///
/// # Shapes
/// `q`: `[batch, queries, channels]`, also of the result; `k` and `v`: `[batch, keys, channels]`.
pub fn attention(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, heads: usize) -> Tensor<3> {
    let ([batch, queries, _], [_, keys, _]) = (q.dims(), k.dims());
    let save = saves_weights(batch, heads, queries, keys);
    attention_saving(q, k, v, heads, save)
}

/// As [`attention`]; `save_weights` decides whether P is saved for the backward pass.
pub fn attention_saving(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    heads: usize,
    save_weights: bool,
) -> Tensor<3> {
    let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
    let y = <Dispatch as AttentionOps>::attention(q, k, v, heads, save_weights);
    Tensor::from_dispatch(y)
}

/// Whether [`attention`] saves P `[batch, heads, queries, keys]` for the backward pass.
pub fn saves_weights(batch: usize, heads: usize, queries: usize, keys: usize) -> bool {
    batch * heads * queries * keys <= MAX_SAVED_WEIGHTS
}

/// The operation on a backend, with or without autodiff.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait AttentionOps: Backend {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        save_weights: bool,
    ) -> FloatTensor<Self>;
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
pub(crate) struct SavedForBackward<B: Backend> {
    pub(crate) q: FloatTensor<B>,
    pub(crate) k: FloatTensor<B>,
    pub(crate) v: FloatTensor<B>,
    pub(crate) softmax: SavedSoftmax<B>,
    pub(crate) heads: usize,
}

/// What is saved of the softmax.
#[derive(Clone, Debug)]
pub(crate) enum SavedSoftmax<B: Backend> {
    /// P, `[batch, heads, queries, keys]`.
    Weights(FloatTensor<B>),
    /// The largest score m and 1 / Σ exp((score − m) / √d) of each row,
    /// `[batch, heads, queries, 2]`. One number, the log-sum-exp, would do, but a large m would
    /// cost its digits.
    Rows(FloatTensor<B>),
}

/// The forward and backward pass on a backend, without autodiff.
pub(crate) trait AttentionKernels: Backend {
    /// y; holds only a few rows of the scores at a time.
    fn attention_inference(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;

    /// y, and what the backward pass needs, including P with `save_weights`.
    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        save_weights: bool,
    ) -> (FloatTensor<Self>, SavedForBackward<Self>);

    /// ∂q, ∂k and ∂v from ∂y.
    fn attention_backward(
        grad: FloatTensor<Self>,
        saved: SavedForBackward<Self>,
    ) -> [FloatTensor<Self>; 3];
}

macro_rules! without_autodiff {
    ($backend:ty) => {
        impl AttentionOps for $backend {
            fn attention(
                q: FloatTensor<Self>,
                k: FloatTensor<Self>,
                v: FloatTensor<Self>,
                heads: usize,
                _save_weights: bool,
            ) -> FloatTensor<Self> {
                Self::attention_inference(q, k, v, heads)
            }
        }
    };
}
without_autodiff!(Flex);
#[cfg(feature = "gpu")]
without_autodiff!(burn::backend::Cube);

#[cfg(test)]
mod tests;
