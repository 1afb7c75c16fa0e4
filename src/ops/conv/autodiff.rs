//! [`crate::ops::conv`] with autodiff: kernels are saved as they are stored.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::conv::generic::ConvKernels;
use crate::ops::conv::{ConvOps, ConvParams};
use crate::ops::gradients::register;
use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::stored_matrix::StoredMatrix;
use crate::ops::optional_tensor::OptionalTensor;

#[derive(Debug)]
struct ConvBackward;

impl<B: ConvKernels> Backward<B, 1> for ConvBackward {
    /// The kernel, the shape of x and the convolution's.
    type State = (StoredMatrix<B>, Shape, ConvParams);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (kernel, x, params) = ops.state;
        let dx = B::conv_backward(grad, kernel, x, params);
        register::<B, 1>(grads, ops.parents.map(|node| Some(node?.id)), [Some(dx)]);
    }
}

#[derive(Debug)]
struct FactoredConvBackward;

impl<B: ConvKernels> Backward<B, 2> for FactoredConvBackward {
    /// z, the factors, the shape of x and the convolution's.
    type State = (FloatTensor<B>, Factors<B>, Shape, ConvParams);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let nodes = ops.parents.map(|node| Some(node?.id));
        let grad = grads.consume::<B>(&ops.node);
        let (z, factors, x, params) = ops.state;
        let x = nodes[0].map(|_| x);
        let found = B::factored_conv_backward(grad, z, factors, x, params);
        register::<B, 2>(grads, nodes, found);
    }
}

impl<B: ConvKernels, C: CheckpointStrategy> ConvOps for Autodiff<B, C> {
    fn conv(
        x: FloatTensor<Self>,
        kernel: StoredMatrix<Self>,
        bias: OptionalTensor<Self>,
        params: ConvParams,
    ) -> FloatTensor<Self> {
        let (x, guard) = x.into_parts();
        let kernel = kernel.into_primitive();
        let bias = bias.into_primitive();
        match ConvBackward
            .prepare::<C>([guard])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let state = (kernel.clone(), x.shape(), params);
                prep.finish(state, B::conv_forward(x, kernel, bias, params))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::conv_forward(x, kernel, bias, params)),
        }
    }

    fn factored_conv(
        x: FloatTensor<Self>,
        u: StoredMatrix<Self>,
        s: FloatTensor<Self>,
        vt: StoredMatrix<Self>,
        bias: OptionalTensor<Self>,
        params: ConvParams,
    ) -> FloatTensor<Self> {
        let ((x, guard_x), (s, guard_s)) = (x.into_parts(), s.into_parts());
        let (u, vt) = (u.into_primitive(), vt.into_primitive());
        let factors = Factors { u, s, vt };
        let bias = bias.into_primitive();
        match FactoredConvBackward
            .prepare::<C>([guard_x, guard_s])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let shape = x.shape();
                let [y, z] = B::factored_conv_forward(x, factors.clone(), bias, params);
                prep.finish((z, factors, shape, params), y)
            }
            OpsKind::UnTracked(prep) => {
                let [y, _] = B::factored_conv_forward(x, factors, bias, params);
                prep.finish(y)
            }
        }
    }
}
