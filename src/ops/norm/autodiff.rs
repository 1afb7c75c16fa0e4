//! [`crate::ops::norm`] with autodiff.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::gradients::register;
use crate::ops::norm::{NormKernels, NormOps, NormParams, SavedForBackward};

#[derive(Debug)]
struct NormBackward;

impl<B: NormKernels> Backward<B, 2> for NormBackward {
    type State = (SavedForBackward<B>, NormParams);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (saved, params) = ops.state;
        let found = B::norm_backward(grad, saved, params).map(Some);
        register::<B, 2>(grads, ops.parents.map(|node| Some(node?.id)), found);
    }
}

impl<B: NormKernels, C: CheckpointStrategy> NormOps for Autodiff<B, C> {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        params: NormParams,
    ) -> FloatTensor<Self> {
        let ((x, guard_x), (weight, guard_weight)) = (x.into_parts(), weight.into_parts());
        let (y, saved) = B::norm_forward(x, weight, bias.into_primitive(), params);
        match NormBackward
            .prepare::<C>([guard_x, guard_weight])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish((saved, params), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}
