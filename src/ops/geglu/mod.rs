//! GEGLU's gate as one operation: y = a · gelu(b) with x = (a, b), gelu(b) = b Φ(b), Φ the normal
//! distribution's integral.
//!
//! ```text
//! ∂a = ∂y gelu(b)      ∂b = ∂y a (Φ(b) + b φ(b))      φ(b) = e^(−b²/2) / √(2π)
//! ```
//!
//! Burn's operations copy both halves and call a scalar erf for each number, twice. There are
//! kernels for the CPU only.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use crate::ops::linear::cpu::{PIECE, dense, tensor, values};
use crate::ops::matmul::cpu::for_pieces;
use crate::ops::simd::{erf, exp, wide};

/// `[batch, tokens, inner]` of x `[batch, tokens, 2 · inner]`.
///
/// For what is on a device with kernels of our own: [`crate::ops::has_kernels`].
pub(crate) fn gate(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(<Dispatch as GateOps>::gate(x.into_dispatch()))
}

/// The operation, sent to the backend that holds the tensors.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait GateOps: Backend {
    fn gate(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The two passes, without a graph.
pub(crate) trait GateKernels: Backend {
    fn gate_forward(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// ∂x from ∂y.
    fn gate_backward(grad: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl GateOps for Flex {
    fn gate(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::gate_forward(x)
    }
}

impl<B: GateKernels, C: CheckpointStrategy> GateOps for Autodiff<B, C> {
    fn gate(x: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Gated;

        impl<B: GateKernels> Backward<B, 1> for Gated {
            type State = FloatTensor<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let [node] = ops.parents;
                if let Some(node) = node {
                    grads.register::<B>(node.id, B::gate_backward(grad, ops.state));
                }
            }
        }

        let (x, guard) = x.into_parts();
        match Gated.prepare::<C>([guard]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(x.clone(), B::gate_forward(x)),
            OpsKind::UnTracked(prep) => prep.finish(B::gate_forward(x)),
        }
    }
}

impl GateKernels for Flex {
    fn gate_forward(x: FlexTensor) -> FlexTensor {
        let x = dense(x);
        let mut shape = x.shape();
        let inner = shape[2] / 2;
        shape[2] = inner;
        let mut y = vec![0.0; shape.num_elements()];
        let piece = PIECE * inner;
        for_pieces([(&mut y, piece)], |index, [y]| {
            let x = &values(&x)[index * piece * 2..];
            wide(|| {
                for (y, x) in y.chunks_exact_mut(inner).zip(x.chunks_exact(2 * inner)) {
                    let (a, b) = x.split_at(inner);
                    for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
                        *y = a * b * integral(*b);
                    }
                }
            });
        });
        tensor(y, shape)
    }

    fn gate_backward(grad: FlexTensor, x: FlexTensor) -> FlexTensor {
        let [grad, x] = [grad, x].map(dense);
        let inner = x.shape()[2] / 2;
        let mut dx = vec![0.0; x.shape().num_elements()];
        let piece = PIECE * inner;
        for_pieces([(&mut dx, piece * 2)], |index, [dx]| {
            let (x, grad) = (
                &values(&x)[index * piece * 2..],
                &values(&grad)[index * piece..],
            );
            wide(|| {
                let given = x.chunks_exact(2 * inner).zip(grad.chunks_exact(inner));
                for (dx, (x, grad)) in dx.chunks_exact_mut(2 * inner).zip(given) {
                    let ((da, db), (a, b)) = (dx.split_at_mut(inner), x.split_at(inner));
                    let given = grad.iter().zip(a).zip(b);
                    for ((da, db), ((grad, a), b)) in da.iter_mut().zip(db).zip(given) {
                        let below = integral(*b);
                        *da = grad * b * below;
                        *db = grad * a * (below + b * density(*b));
                    }
                }
            });
        });
        tensor(dx, x.shape())
    }
}

/// Φ.
#[inline(always)]
fn integral(x: f32) -> f32 {
    0.5 + 0.5 * erf(x * core::f32::consts::FRAC_1_SQRT_2)
}

/// φ.
#[inline(always)]
fn density(x: f32) -> f32 {
    /// 1 / √(2π).
    const HEIGHT: f32 = 0.398_942_3;
    HEIGHT * exp(-0.5 * x * x)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use burn::tensor::activation::gelu;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::ops::close::assert_close;

    /// What the operation stands for, of Burn's own.
    fn composed(x: Tensor<3>) -> Tensor<3> {
        let inner = x.dims()[2] / 2;
        x.clone().narrow(2, 0, inner) * gelu(x.narrow(2, inner, inner))
    }

    #[test]
    fn values_and_gradients_are_those_of_burns_operations() {
        for [batch, tokens, inner] in [[1, 1, 1], [2, 35, 24], [3, 300, 7]] {
            let random = |channels, spread| {
                let normal = Distribution::Normal(0.0, spread);
                Tensor::<3>::random([batch, tokens, channels], normal, &Device::flex())
            };
            let x = random(2 * inner, 2.0).autodiff().require_grad();
            let seed = random(inner, 1.0);
            let [own, burns] = [gate, composed].map(|f| {
                let y = f(x.clone());
                let gradients = (y.clone() * seed.clone()).sum().backward();
                [y.inner(), x.grad(&gradients).unwrap()]
            });
            for ((own, burns), what) in own.into_iter().zip(burns).zip(["y", "∂x"]) {
                let what = format!("{what} of {batch} × {tokens} × {inner}");
                assert_close(own, burns, 1e-5, &what);
            }
        }
    }
}
