//! Normalisation, scale and shift, and SiLU after them where a block wants it, as one operation.
//!
//! Put together from Burn's operations a GroupNorm and its SiLU are ten passes over the picture
//! forward and twice as many backward. Here it is three each way, and x is all that is kept. With
//! x̂ = (x − mean) / √(variance + ε), n = w x̂ + b and y = n or y = n σ(n):
//!
//! ```text
//! g = ∂y · dy/dn      ∂w = Σ g x̂      ∂x = (w g − mean(w g) − x̂ mean(w g x̂)) / √(variance + ε)
//! ```
//!
//! The CPU's kernels are in [`crate::ops::norm::cpu`]; there are none for other devices, where
//! [`crate::model::layers`] takes Burn's operations.

pub(crate) mod cpu;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

/// Which numbers share a mean. x is `[rows, channels / groups, inner]`, and row i belongs to group
/// i mod `groups`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norm {
    /// Groups of channels; 1 for a LayerNorm.
    pub(crate) groups: usize,
    /// Pixels per channel; 1 for a LayerNorm.
    pub(crate) inner: usize,
    /// ε, added to the variance.
    pub(crate) eps: f32,
    /// Whether SiLU follows.
    pub(crate) silu: bool,
}

/// Shape-preserving; x and weight `[channels]` get gradients, bias `[channels]` gets none.
pub(crate) fn normalise<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    norm: Norm,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as NormOps>::norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        norm,
    ))
}

/// The operation, sent to the backend that holds the tensors.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait NormOps: Backend {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Norm,
    ) -> FloatTensor<Self>;
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
pub(crate) struct Kept<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    pub(crate) weight: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
    /// Mean and 1 / √(variance + ε) of each row, `[rows, 2]`.
    pub(crate) statistics: FloatTensor<B>,
}

/// The two passes, without a graph.
pub(crate) trait NormKernels: Backend {
    /// y, and what it is made of.
    fn norm_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Norm,
    ) -> (FloatTensor<Self>, Kept<Self>);

    /// ∂x and ∂w from ∂y.
    fn norm_backward(
        grad: FloatTensor<Self>,
        kept: Kept<Self>,
        norm: Norm,
    ) -> [FloatTensor<Self>; 2];
}

impl NormOps for Flex {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Norm,
    ) -> FloatTensor<Self> {
        Self::norm_forward(x, weight, bias, norm).0
    }
}

impl<B: NormKernels, C: CheckpointStrategy> NormOps for Autodiff<B, C> {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Norm,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Normalised;

        impl<B: NormKernels> Backward<B, 2> for Normalised {
            type State = (Kept<B>, Norm);

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (kept, norm) = ops.state;
                let found = B::norm_backward(grad, kept, norm);
                for (node, grad) in ops.parents.into_iter().zip(found) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }

        let ((x, guard_x), (weight, guard_weight)) = (x.into_parts(), weight.into_parts());
        let (y, kept) = B::norm_forward(x, weight, bias.into_primitive(), norm);
        match Normalised
            .prepare::<C>([guard_x, guard_weight])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((kept, norm), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use burn::tensor::activation::silu;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::ops::close::assert_close;

    fn random<const D: usize>(shape: [usize; D], mean: f64) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(mean, 1.5), &Device::flex())
    }

    /// What the operation stands for, of Burn's own.
    fn composed(x: Tensor<3>, weight: Tensor<1>, bias: Tensor<1>, norm: Norm) -> Tensor<3> {
        let [batch, channels, inner] = x.dims();
        let rows = x.reshape([batch * norm.groups, channels / norm.groups * inner]);
        let centred = rows.clone() - rows.mean_dim(1);
        let variance = (centred.clone() * centred.clone()).mean_dim(1);
        let x = (centred / (variance + norm.eps).sqrt()).reshape([batch, channels, inner]);
        let y = x * weight.reshape([1, -1, 1]) + bias.reshape([1, -1, 1]);
        if norm.silu { silu(y) } else { y }
    }

    #[test]
    fn values_and_gradients_are_those_of_burns_operations() {
        for (batch, groups, channels, inner) in
            [(2, 4, 12, 35), (1, 3, 3, 64), (300, 1, 19, 1), (2, 1, 7, 9)]
        {
            for silu in [false, true] {
                let norm = Norm {
                    groups,
                    inner,
                    eps: 1e-5,
                    silu,
                };
                let x = random([batch, channels, inner], 3.0)
                    .autodiff()
                    .require_grad();
                let weight = random([channels], 0.0).autodiff().require_grad();
                let bias = random([channels], 0.0);
                let seed = random([batch, channels, inner], 0.0);
                let [own, burns] = [normalise::<3>, composed].map(|f| {
                    let y = f(x.clone(), weight.clone(), bias.clone(), norm);
                    let gradients = (y.clone() * seed.clone()).sum().backward();
                    [
                        y.inner().reshape([-1]),
                        x.grad(&gradients).unwrap().reshape([-1]),
                        weight.grad(&gradients).unwrap(),
                    ]
                });
                for ((own, burns), what) in own.into_iter().zip(burns).zip(["y", "∂x", "∂w"]) {
                    let own: Tensor<1> = own;
                    assert_close(own, burns, 2e-5, &format!("{what} of {norm:?}"));
                }
            }
        }
    }
}
