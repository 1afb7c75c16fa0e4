//! [`crate::ops::linear`] with autodiff: matrices are saved as they are stored.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::gradients::register;
use crate::ops::linear::LinearOps;
use crate::ops::linear::generic::LinearKernels;
use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::stored_matrix::StoredMatrix;
use crate::ops::optional_tensor::OptionalTensor;

#[derive(Debug)]
struct LinearBackward;

impl<B: LinearKernels> Backward<B, 1> for LinearBackward {
    /// W.
    type State = StoredMatrix<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let dx = B::linear_backward(grad, ops.state);
        register::<B, 1>(grads, ops.parents.map(|node| Some(node?.id)), [Some(dx)]);
    }
}

#[derive(Debug)]
struct FactoredLinearBackward;

impl<B: LinearKernels> Backward<B, 2> for FactoredLinearBackward {
    /// z, the factors and the shape of x.
    type State = (FloatTensor<B>, Factors<B>, Shape);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let nodes = ops.parents.map(|node| Some(node?.id));
        let grad = grads.consume::<B>(&ops.node);
        let (z, factors, x) = ops.state;
        let found = B::factored_linear_backward(grad, z, factors, nodes[0].map(|_| x));
        register::<B, 2>(grads, nodes, found);
    }
}

#[derive(Debug)]
struct ReconstructBackward;

impl<B: LinearKernels> Backward<B, 1> for ReconstructBackward {
    /// U and Vᵀ.
    type State = [StoredMatrix<B>; 2];

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let [u, vt] = ops.state;
        let ds = B::reconstruct_backward(grad, u, vt);
        register::<B, 1>(grads, ops.parents.map(|node| Some(node?.id)), [Some(ds)]);
    }
}

impl<B: LinearKernels, C: CheckpointStrategy> LinearOps for Autodiff<B, C> {
    fn linear(x: FloatTensor<Self>, weight: StoredMatrix<Self>) -> FloatTensor<Self> {
        let (x, guard) = x.into_parts();
        let weight = weight.into_primitive();
        match LinearBackward
            .prepare::<C>([guard])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(weight.clone(), B::linear_forward(x, weight)),
            OpsKind::UnTracked(prep) => prep.finish(B::linear_forward(x, weight)),
        }
    }

    fn factored_linear(
        x: FloatTensor<Self>,
        u: StoredMatrix<Self>,
        s: FloatTensor<Self>,
        vt: StoredMatrix<Self>,
        bias: OptionalTensor<Self>,
    ) -> FloatTensor<Self> {
        let ((x, guard_x), (s, guard_s)) = (x.into_parts(), s.into_parts());
        let (u, vt) = (u.into_primitive(), vt.into_primitive());
        let factors = Factors { u, s, vt };
        let bias = bias.into_primitive();
        match FactoredLinearBackward
            .prepare::<C>([guard_x, guard_s])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let shape = x.shape();
                let [y, z] = B::factored_linear_forward(x, factors.clone(), bias);
                prep.finish((z, factors, shape), y)
            }
            OpsKind::UnTracked(prep) => {
                let [y, _] = B::factored_linear_forward(x, factors, bias);
                prep.finish(y)
            }
        }
    }

    fn reconstruct(
        s: FloatTensor<Self>,
        u: StoredMatrix<Self>,
        vt: StoredMatrix<Self>,
    ) -> FloatTensor<Self> {
        let (s, guard) = s.into_parts();
        let [u, vt] = [u, vt].map(StoredMatrix::into_primitive);
        match ReconstructBackward
            .prepare::<C>([guard])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let w = B::reconstruct_forward(s, u.clone(), vt.clone());
                prep.finish([u, vt], w)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::reconstruct_forward(s, u, vt)),
        }
    }
}
