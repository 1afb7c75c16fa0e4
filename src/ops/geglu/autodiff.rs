//! [`crate::ops::geglu`] with autodiff.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::geglu::{GegluKernels, GegluOps};
use crate::ops::gradients::register;

#[derive(Debug)]
struct GegluBackward;

impl<B: GegluKernels> Backward<B, 1> for GegluBackward {
    /// x.
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let dx = B::geglu_backward(grad, ops.state);
        register::<B, 1>(grads, ops.parents.map(|node| Some(node?.id)), [Some(dx)]);
    }
}

impl<B: GegluKernels, C: CheckpointStrategy> GegluOps for Autodiff<B, C> {
    fn geglu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, guard) = x.into_parts();
        match GegluBackward
            .prepare::<C>([guard])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(x.clone(), B::geglu_forward(x)),
            OpsKind::UnTracked(prep) => prep.finish(B::geglu_forward(x)),
        }
    }
}
