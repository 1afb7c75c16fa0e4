//! [`crate::ops::attention`] with autodiff.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::attention::{AttentionKernels, AttentionOps, SavedForBackward};
use crate::ops::gradients::register;

#[derive(Debug)]
struct AttentionBackward;

impl<B: AttentionKernels> Backward<B, 3> for AttentionBackward {
    type State = SavedForBackward<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let found = B::attention_backward(grad, ops.state).map(Some);
        register::<B, 3>(grads, ops.parents.map(|node| Some(node?.id)), found);
    }
}

impl<B: AttentionKernels, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        save_weights: bool,
    ) -> FloatTensor<Self> {
        let ((q, guard_q), (k, guard_k), (v, guard_v)) =
            (q.into_parts(), k.into_parts(), v.into_parts());
        match AttentionBackward
            .prepare::<C>([guard_q, guard_k, guard_v])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let (y, saved) = B::attention_forward(q, k, v, heads, save_weights);
                prep.finish(saved, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::attention_inference(q, k, v, heads)),
        }
    }
}
