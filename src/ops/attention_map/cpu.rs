//! [`crate::ops::attention_map`] on the CPU: one batch item per core, head after head.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use crate::ops::attention::inputs::{AttentionInputs, Sizes, product};
use crate::ops::attention::softmax::score_gradients;
use crate::ops::attention_map::AttentionMapKernels;
use crate::ops::flex_tensor::{as_slice, contiguous, from_vec};
use crate::ops::matmul::cpu::View;
use crate::ops::pieces::for_pieces;
use crate::ops::scratch::with_scratch;
use crate::ops::simd::wide;

impl AttentionMapKernels for Flex {
    fn map_forward(q: FlexTensor, k: FlexTensor, heads: usize) -> FlexTensor {
        let [q, k] = [q, k].map(contiguous);
        let sizes = Sizes::of(&q, &k, heads);
        let map = sizes.queries * sizes.keys;
        let mut maps = vec![0.0; sizes.batch * map];
        for_pieces([(&mut maps, map)], |index, [mean]| {
            let inputs = AttentionInputs::new(&q, &k, &k, index, sizes);
            with_scratch(map, |weights| {
                for head in 0..heads {
                    inputs.weights(weights, head, 0);
                    for (mean, weight) in mean.iter_mut().zip(&*weights) {
                        *mean += weight / heads as f32;
                    }
                }
            });
        });
        from_vec(maps, [sizes.batch, sizes.queries, sizes.keys])
    }

    fn map_backward(
        grad: FlexTensor,
        q: FlexTensor,
        k: FlexTensor,
        heads: usize,
    ) -> [FlexTensor; 2] {
        let [grad, q, k] = [grad, q, k].map(contiguous);
        let sizes = Sizes::of(&q, &k, heads);
        let (queries, keys) = (sizes.queries, sizes.keys);
        let (mut dq, mut dk) = (
            vec![0.0; sizes.batch * sizes.of_queries()],
            vec![0.0; sizes.batch * sizes.of_keys()],
        );
        for_pieces(
            [(&mut dq, sizes.of_queries()), (&mut dk, sizes.of_keys())],
            |index, [dq, dk]| {
                let inputs = AttentionInputs::new(&q, &k, &k, index, sizes);
                let grad = &as_slice(&grad)[index * queries * keys..][..queries * keys];
                with_scratch(2 * queries * keys, |scratch| {
                    let (weights, ds) = scratch.split_at_mut(queries * keys);
                    for head in 0..heads {
                        inputs.weights(weights, head, 0);
                        for (ds, grad) in ds.iter_mut().zip(grad) {
                            *ds = grad / heads as f32;
                        }
                        wide(|| score_gradients(ds, weights, keys, sizes.scale()));
                        let ds = View::new(ds, queries, keys);
                        product(sizes.head_mut(dq, head, 0), ds, inputs.k(head));
                        product(sizes.head_mut(dk, head, 0), ds.t(), inputs.q(head));
                    }
                });
            },
        );
        [from_vec(dq, q.shape()), from_vec(dk, k.shape())]
    }
}
