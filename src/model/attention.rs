//! Attention as one operation: y = softmax(q kᵀ / √d) v in every head.
//!
//! Put together from Burn's operations it copies q, k, v and y into another order and walks over
//! the scores seven times. Here the heads are read where they lie, and the weights P (the softmax)
//! are all that is kept, and only where there is a graph. Its backward pass is
//!
//! ```text
//! ∂v = Pᵀ ∂y      ∂P = ∂y vᵀ      ∂S = P ⊙ (∂P − Σ P ⊙ ∂P) / √d      ∂q = ∂S k      ∂k = ∂Sᵀ q
//! ```
//!
//! The CPU's kernels are in [`super::attention_flex`]; there are none for other devices.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

/// `[batch, queries, channels]` from q of that shape and k, v `[batch, keys, channels]`; head h has
/// the channels from h · channels / heads on. All three get gradients.
///
/// For what is on a device with kernels of our own: [`super::has_kernels`].
pub(super) fn attend(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, heads: usize) -> Tensor<3> {
    let [q, k, v] = [q, k, v].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as AttentionOps>::attention(q, k, v, heads))
}

/// The operation, sent to the backend that holds the tensors.
#[backend_extension(Flex, Autodiff)]
pub(super) trait AttentionOps: Backend {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
pub(super) struct Kept<B: Backend> {
    pub(super) q: FloatTensor<B>,
    pub(super) k: FloatTensor<B>,
    pub(super) v: FloatTensor<B>,
    /// P, `[batch, heads, queries, keys]`.
    pub(super) weights: FloatTensor<B>,
}

/// The passes, without a graph.
pub(super) trait AttentionKernels: Backend {
    /// y, never holding more than a few rows of the scores.
    fn attention_alone(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;

    /// y, and what its gradients are made of.
    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> (FloatTensor<Self>, Kept<Self>);

    /// ∂q, ∂k and ∂v from ∂y.
    fn attention_backward(grad: FloatTensor<Self>, kept: Kept<Self>) -> [FloatTensor<Self>; 3];
}

impl AttentionOps for Flex {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        Self::attention_alone(q, k, v, heads)
    }
}

impl<B: AttentionKernels, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
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
                let (y, kept) = B::attention_forward(q, k, v, heads);
                prep.finish(kept, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::attention_alone(q, k, v, heads)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::model::close::assert_close;

    fn random(shape: [usize; 3]) -> Tensor<3> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
    }

    /// What the operation stands for, of Burn's own.
    fn composed(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, heads: usize) -> Tensor<3> {
        let size = q.dims();
        let [q, k, v] = [q, k, v].map(|x| {
            let [batch, tokens, channels] = x.dims();
            x.reshape([batch, tokens, heads, channels / heads])
                .swap_dims(1, 2)
        });
        let scale = (q.dims()[3] as f64).sqrt().recip();
        let weights = softmax(q.matmul(k.swap_dims(2, 3)) * scale, 3);
        weights.matmul(v).swap_dims(1, 2).reshape(size)
    }

    /// Batch, queries, keys, channels and heads.
    const SIZES: [[usize; 5]; 5] = [
        [1, 1, 1, 1, 1],
        [2, 64, 64, 24, 4],
        [3, 35, 32, 16, 2],
        [1, 300, 77, 10, 1],
        [2, 513, 9, 12, 3],
    ];

    #[test]
    fn values_and_gradients_are_those_of_burns_operations() {
        for [batch, queries, keys, channels, heads] in SIZES {
            let what = format!("{batch} × {queries} × {keys} × {channels}, {heads} heads");
            let q = random([batch, queries, channels]).autodiff().require_grad();
            let k = random([batch, keys, channels]).autodiff().require_grad();
            let v = random([batch, keys, channels]).autodiff().require_grad();
            let seed = random([batch, queries, channels]);
            let found = [attend, composed].map(|f| {
                let y = f(q.clone(), k.clone(), v.clone(), heads);
                let gradients = (y.clone() * seed.clone()).sum().backward();
                let of = |x: &Tensor<3>| x.grad(&gradients).unwrap();
                // Of a single key the softmax is 1 whatever the scores are.
                let scored = |x| of(x) + (if keys == 1 { 1.0 } else { 0.0 });
                [y.inner(), scored(&q), scored(&k), of(&v)]
            });
            let [own, burns] = found;
            for ((own, burns), part) in own.into_iter().zip(burns).zip(["y", "∂q", "∂k", "∂v"])
            {
                assert_close(own, burns, 1e-5, &format!("{part} of {what}"));
            }
        }
    }

    #[test]
    fn values_without_a_graph_are_the_same() {
        for [batch, queries, keys, channels, heads] in SIZES {
            let (q, k) = (
                random([batch, queries, channels]),
                random([batch, keys, channels]),
            );
            let v = random([batch, keys, channels]);
            let own = attend(q.clone(), k.clone(), v.clone(), heads);
            assert_close(own, composed(q, k, v, heads), 1e-5, "y");
        }
    }

    #[test]
    fn scores_far_apart_overflow_nothing() {
        let q = random([1, 20, 8]) * 1e4;
        let y = attend(q.clone(), q.clone(), q.clone(), 2);
        assert_close(y, composed(q.clone(), q.clone(), q, 2), 1e-5, "y");
    }
}
