//! [`crate::ops::attention_map`] with autodiff.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use crate::ops::attention_map::{AttentionMapKernels, AttentionMapOps};
use crate::ops::gradients::register;

#[derive(Debug)]
struct AttentionMapBackward;

impl<B: AttentionMapKernels> Backward<B, 2> for AttentionMapBackward {
    /// q, k and the number of heads.
    type State = (FloatTensor<B>, FloatTensor<B>, usize);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (q, k, heads) = ops.state;
        let found = B::map_backward(grad, q, k, heads).map(Some);
        register::<B, 2>(grads, ops.parents.map(|node| Some(node?.id)), found);
    }
}

impl<B: AttentionMapKernels, C: CheckpointStrategy> AttentionMapOps for Autodiff<B, C> {
    fn map(q: FloatTensor<Self>, k: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let ((q, guard_q), (k, guard_k)) = (q.into_parts(), k.into_parts());
        match AttentionMapBackward
            .prepare::<C>([guard_q, guard_k])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let map = B::map_forward(q.clone(), k.clone(), heads);
                prep.finish((q, k, heads), map)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::map_forward(q, k, heads)),
        }
    }
}
