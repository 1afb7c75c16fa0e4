//! How much each pixel looks at each word, P̄ = mean over heads of softmax(q kᵀ / √d), as one
//! operation that keeps nothing: its backward pass computes the weights again from q and k, which
//! the attention itself keeps anyway.
//!
//! ```text
//! ∂P = ∂P̄ / heads      ∂S = P ⊙ (∂P − Σ P ⊙ ∂P) / √d      ∂q = ∂S k      ∂k = ∂Sᵀ q
//! ```
//!
//! The CPU's kernels are in [`crate::ops::attention::map_cpu`]; other devices put Burn's operations
//! together.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation::softmax};

use crate::ops::has_kernels;

/// `[batch, queries, keys]` from q `[batch, queries, channels]` and k `[batch, keys, channels]`; both
/// get gradients.
pub(crate) fn attention_map(q: Tensor<3>, k: Tensor<3>, heads: usize) -> Tensor<3> {
    if !has_kernels(&q.device()) {
        return composed(q, k, heads);
    }
    let map = <Dispatch as MapOps>::map(q.into_dispatch(), k.into_dispatch(), heads);
    Tensor::from_dispatch(map)
}

/// The same of Burn's operations.
fn composed(q: Tensor<3>, k: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, _, channels] = q.dims();
    let width = channels / heads;
    let split = |x: Tensor<3>| {
        let tokens = x.dims()[1];
        x.reshape([batch, tokens, heads, width]).swap_dims(1, 2)
    };
    let scale = (width as f64).sqrt().recip();
    let scores = (split(q) * scale).matmul(split(k).swap_dims(2, 3));
    softmax(scores, 3).mean_dim(1).squeeze_dim(1)
}

/// The operation, sent to the backend that holds the tensors.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait MapOps: Backend {
    fn map(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
}

/// The passes, without a graph.
pub(crate) trait MapKernels: Backend {
    /// P̄.
    fn map_alone(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;

    /// ∂q and ∂k from ∂P̄.
    fn map_backward(
        grad: FloatTensor<Self>,
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        heads: usize,
    ) -> [FloatTensor<Self>; 2];
}

impl MapOps for Flex {
    fn map(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        Self::map_alone(q, k, heads)
    }
}

impl<B: MapKernels, C: CheckpointStrategy> MapOps for Autodiff<B, C> {
    fn map(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Mapped;

        impl<B: MapKernels> Backward<B, 2> for Mapped {
            type State = (FloatTensor<B>, FloatTensor<B>, usize);

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (q, k, heads) = ops.state;
                let found = B::map_backward(grad, q, k, heads);
                for (node, grad) in ops.parents.into_iter().zip(found) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }

        let ((q, guard_q), (k, guard_k)) = (q.into_parts(), k.into_parts());
        match Mapped
            .prepare::<C>([guard_q, guard_k])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let map = B::map_alone(q.clone(), k.clone(), heads);
                prep.finish((q, k, heads), map)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::map_alone(q, k, heads)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::ops::close::assert_close;

    #[test]
    fn maps_and_gradients_are_those_of_burns_operations() {
        let random = |shape: [usize; 3]| -> Tensor<3> {
            Tensor::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
        };
        for [batch, queries, keys, channels, heads] in [
            [1, 4, 3, 2, 1],
            [2, 64, 32, 24, 4],
            [3, 35, 7, 16, 2],
            [1, 300, 77, 10, 1],
        ] {
            let what = format!("{batch} × {queries} × {keys} × {channels}, {heads} heads");
            let q = random([batch, queries, channels]).autodiff().require_grad();
            let k = random([batch, keys, channels]).autodiff().require_grad();
            let seed = random([batch, queries, keys]);
            let [own, burns] = [attention_map, composed].map(|f| {
                let map = f(q.clone(), k.clone(), heads);
                let gradients = (map.clone() * seed.clone()).sum().backward();
                let of = |x: &Tensor<3>| x.grad(&gradients).unwrap();
                [map.inner(), of(&q), of(&k)]
            });
            for ((own, burns), part) in own.into_iter().zip(burns).zip(["P", "∂q", "∂k"]) {
                assert_close(own, burns, 1e-5, &format!("{part} of {what}"));
            }
            let plain = attention_map(q.clone().inner(), k.clone().inner(), heads);
            let burns = composed(q.inner(), k.inner(), heads);
            assert_close(plain, burns, 1e-5, &what);
        }
    }
}
