//! Attention as one operation: y = softmax(q kᵀ / √d) v in every head.
//!
//! Put together from Burn's operations it copies q, k, v and y into another order, walks over the
//! scores seven times and keeps them for the backward pass. Here a few rows of scores are held at
//! once, and with P = softmax(q kᵀ / √d) the backward pass is
//!
//! ```text
//! ∂v = Pᵀ ∂y      ∂P = ∂y vᵀ      ∂S = P ⊙ (∂P − Σ P ⊙ ∂P) / √d      ∂q = ∂S k      ∂k = ∂Sᵀ q
//! ```
//!
//! P is made again there, row by row, from q, k and two numbers per row (Dao et al. 2022,
//! FlashAttention, algorithm 4). Only where all of P is small is it kept, which saves one of five
//! products: [`keeps_weights`].
//!
//! The CPU's kernels are in [`crate::ops::attention::cpu`]; other devices put Burn's operations together
//! for a few rows at a time: [`crate::ops::attention::chunked`].

#[cfg(any(test, feature = "gpu"))]
pub(crate) mod chunked;
pub(crate) mod cpu;
pub(crate) mod map;
pub(crate) mod map_cpu;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

/// The largest P that is kept for the backward pass, in numbers (16 MiB). Beyond the processor's
/// caches, writing and reading P costs as much as making it again: `cargo bench --bench
/// attention`.
const KEPT_WEIGHTS: usize = 4 << 20;

/// `[batch, queries, channels]` from q of that shape and k, v `[batch, keys, channels]`; head h has
/// the channels from h · channels / heads on. All three get gradients.
pub fn attend(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, heads: usize) -> Tensor<3> {
    let ([batch, queries, _], [_, keys, _]) = (q.dims(), k.dims());
    attend_keeping(q, k, v, heads, keeps_weights(batch, heads, queries, keys))
}

/// The same; `keep` says whether P is kept for the backward pass, if there is one.
pub fn attend_keeping(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    heads: usize,
    keep: bool,
) -> Tensor<3> {
    let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as AttentionOps>::attention(q, k, v, heads, keep))
}

/// Whether [`attend`] keeps P of `[batch, heads, queries, keys]` for the backward pass.
pub fn keeps_weights(batch: usize, heads: usize, queries: usize, keys: usize) -> bool {
    batch * heads * queries * keys <= KEPT_WEIGHTS
}

/// The operation, sent to the backend that holds the tensors.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait AttentionOps: Backend {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        keep: bool,
    ) -> FloatTensor<Self>;
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
pub(crate) struct Kept<B: Backend> {
    pub(crate) q: FloatTensor<B>,
    pub(crate) k: FloatTensor<B>,
    pub(crate) v: FloatTensor<B>,
    pub(crate) softmax: Softmax<B>,
    pub(crate) heads: usize,
}

/// What is kept of the softmax.
#[derive(Clone, Debug)]
pub(crate) enum Softmax<B: Backend> {
    /// P, `[batch, heads, queries, keys]`.
    Weights(FloatTensor<B>),
    /// The largest score m and 1 / Σ exp((score − m) / √d) of each row,
    /// `[batch, heads, queries, 2]`. The two say what the log-sum-exp says, without the digits that
    /// its large m would cost.
    Rows(FloatTensor<B>),
}

/// The passes, without a graph.
pub(crate) trait AttentionKernels: Backend {
    /// y, never holding more than a few rows of the scores.
    fn attention_alone(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;

    /// y, and what its gradients are made of; P is among it with `keep`.
    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        keep: bool,
    ) -> (FloatTensor<Self>, Kept<Self>);

    /// ∂q, ∂k and ∂v from ∂y.
    fn attention_backward(grad: FloatTensor<Self>, kept: Kept<Self>) -> [FloatTensor<Self>; 3];
}

macro_rules! without_graph {
    ($backend:ty) => {
        impl AttentionOps for $backend {
            fn attention(
                q: FloatTensor<Self>,
                k: FloatTensor<Self>,
                v: FloatTensor<Self>,
                heads: usize,
                _keep: bool,
            ) -> FloatTensor<Self> {
                Self::attention_alone(q, k, v, heads)
            }
        }
    };
}
without_graph!(Flex);
#[cfg(feature = "gpu")]
without_graph!(burn::backend::Cube);

impl<B: AttentionKernels, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        keep: bool,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Attended;

        impl<B: AttentionKernels> Backward<B, 3> for Attended {
            type State = Kept<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let found = B::attention_backward(grad, ops.state);
                for (node, grad) in ops.parents.into_iter().zip(found) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }

        let ((q, guard_q), (k, guard_k), (v, guard_v)) =
            (q.into_parts(), k.into_parts(), v.into_parts());
        match Attended
            .prepare::<C>([guard_q, guard_k, guard_v])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let (y, kept) = B::attention_forward(q, k, v, heads, keep);
                prep.finish(kept, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::attention_alone(q, k, v, heads)),
        }
    }
}

#[cfg(test)]
mod tests;
