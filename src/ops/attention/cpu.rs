//! [`crate::ops::attention`] on the CPU: one batch item per core, head after head.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use crate::ops::attention::inputs::{AttentionInputs, ROWS, Sizes};
use crate::ops::attention::{AttentionKernels, SavedForBackward, SavedSoftmax};
use crate::ops::flex_tensor::{as_slice, contiguous, from_vec};
use crate::ops::pieces::for_pieces;
use crate::ops::scratch::with_scratch;

impl AttentionKernels for Flex {
    fn attention_inference(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        heads: usize,
    ) -> FlexTensor {
        forward_by_rows([q, k, v].map(contiguous), heads).0
    }

    fn attention_forward(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        heads: usize,
        save_weights: bool,
    ) -> (FlexTensor, SavedForBackward<Self>) {
        let [q, k, v] = [q, k, v].map(contiguous);
        let inputs = [q.clone(), k.clone(), v.clone()];
        let (y, softmax) = if save_weights {
            let (y, weights) = forward_at_once(inputs, heads);
            (y, SavedSoftmax::Weights(weights))
        } else {
            let (y, rows) = forward_by_rows(inputs, heads);
            (y, SavedSoftmax::Rows(rows))
        };
        let saved = SavedForBackward {
            q,
            k,
            v,
            softmax,
            heads,
        };
        (y, saved)
    }

    fn attention_backward(grad: FlexTensor, saved: SavedForBackward<Self>) -> [FlexTensor; 3] {
        let grad = contiguous(grad);
        let SavedForBackward {
            q,
            k,
            v,
            softmax,
            heads,
        } = saved;
        let sizes = Sizes::of(&q, &k, heads);
        let (mut dq, mut dk, mut dv) = (
            vec![0.0; sizes.batch * sizes.of_queries()],
            vec![0.0; sizes.batch * sizes.of_keys()],
            vec![0.0; sizes.batch * sizes.of_keys()],
        );
        let (of_queries, of_keys) = (sizes.of_queries(), sizes.of_keys());
        for_pieces(
            [
                (&mut dq, of_queries),
                (&mut dk, of_keys),
                (&mut dv, of_keys),
            ],
            |index, targets| {
                let inputs = AttentionInputs::new(&q, &k, &v, index, sizes);
                let grad = &as_slice(&grad)[index * of_queries..][..of_queries];
                match &softmax {
                    SavedSoftmax::Weights(weights) => {
                        let all = heads * sizes.queries * sizes.keys;
                        inputs.backward_at_once(
                            &as_slice(weights)[index * all..][..all],
                            grad,
                            targets,
                        );
                    }
                    SavedSoftmax::Rows(rows) => {
                        let all = heads * sizes.queries * 2;
                        inputs.backward_by_rows(
                            &as_slice(rows)[index * all..][..all],
                            grad,
                            targets,
                        );
                    }
                }
            },
        );
        [
            from_vec(dq, q.shape()),
            from_vec(dk, k.shape()),
            from_vec(dv, k.shape()),
        ]
    }
}

/// y, and P `[batch, heads, queries, keys]`.
fn forward_at_once([q, k, v]: [FlexTensor; 3], heads: usize) -> (FlexTensor, FlexTensor) {
    let sizes = Sizes::of(&q, &k, heads);
    let (head, all) = (sizes.queries * sizes.keys, sizes.batch * heads);
    let (mut y, mut weights) = (
        vec![0.0; sizes.batch * sizes.of_queries()],
        vec![0.0; all * head],
    );
    for_pieces(
        [
            (&mut y, sizes.of_queries()),
            (&mut weights, (heads * head).max(1)),
        ],
        |index, [y, weights]| {
            let inputs = AttentionInputs::new(&q, &k, &v, index, sizes);
            for (head, weights) in weights.chunks_exact_mut(head).enumerate() {
                inputs.attend(y, weights, head, 0, &mut []);
            }
        },
    );
    let shape = [sizes.batch, heads, sizes.queries, sizes.keys];
    (from_vec(y, q.shape()), from_vec(weights, shape))
}

/// y, and the two numbers of each row `[batch, heads, queries, 2]`; holds P of [`ROWS`] queries at a
/// time.
fn forward_by_rows([q, k, v]: [FlexTensor; 3], heads: usize) -> (FlexTensor, FlexTensor) {
    let sizes = Sizes::of(&q, &k, heads);
    let of_rows = heads * sizes.queries * 2;
    let (mut y, mut rows) = (
        vec![0.0; sizes.batch * sizes.of_queries()],
        vec![0.0; sizes.batch * of_rows],
    );
    for_pieces(
        [(&mut y, sizes.of_queries()), (&mut rows, of_rows)],
        |index, [y, rows]| {
            let inputs = AttentionInputs::new(&q, &k, &v, index, sizes);
            with_scratch(sizes.queries.min(ROWS) * sizes.keys, |weights| {
                for (head, rows) in rows.chunks_exact_mut(sizes.queries * 2).enumerate() {
                    for (block, rows) in rows.chunks_mut(ROWS * 2).enumerate() {
                        let weights = &mut weights[..rows.len() / 2 * sizes.keys];
                        inputs.attend(y, weights, head, block * ROWS, rows);
                    }
                }
            });
        },
    );
    let shape = [sizes.batch, heads, sizes.queries, 2];
    (from_vec(y, q.shape()), from_vec(rows, shape))
}
