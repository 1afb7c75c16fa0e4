//! [`crate::ops::attention::map`] on the CPU: one picture of the batch per core, head after head.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::attention::cpu::{Given, Sizes, product, score_gradients};
use crate::ops::attention::map::MapKernels;
use crate::ops::linear::cpu::{dense, tensor, values};
use crate::ops::matmul::cpu::{View, for_pieces, with_scratch};
use crate::ops::simd::wide;

impl MapKernels for Flex {
    fn map_alone(q: FlexTensor, k: FlexTensor, heads: usize) -> FlexTensor {
        let [q, k] = [q, k].map(dense);
        let sizes = Sizes::of(&q, &k, heads);
        let map = sizes.queries * sizes.keys;
        let mut maps = vec![0.0; sizes.batch * map];
        for_pieces([(&mut maps, map)], |index, [mean]| {
            let given = Given::new(&q, &k, &k, index, sizes);
            with_scratch(map, |weights| {
                for head in 0..heads {
                    given.weights(weights, head, 0);
                    for (mean, weight) in mean.iter_mut().zip(&*weights) {
                        *mean += weight / heads as f32;
                    }
                }
            });
        });
        let shape = Shape::from([sizes.batch, sizes.queries, sizes.keys]);
        tensor(maps, shape)
    }

    fn map_backward(
        grad: FlexTensor,
        q: FlexTensor,
        k: FlexTensor,
        heads: usize,
    ) -> [FlexTensor; 2] {
        let [grad, q, k] = [grad, q, k].map(dense);
        let sizes = Sizes::of(&q, &k, heads);
        let (queries, keys) = (sizes.queries, sizes.keys);
        let (mut dq, mut dk) = (
            vec![0.0; sizes.batch * sizes.of_queries()],
            vec![0.0; sizes.batch * sizes.of_keys()],
        );
        for_pieces(
            [(&mut dq, sizes.of_queries()), (&mut dk, sizes.of_keys())],
            |index, [dq, dk]| {
                let given = Given::new(&q, &k, &k, index, sizes);
                let grad = &values(&grad)[index * queries * keys..][..queries * keys];
                with_scratch(2 * queries * keys, |scratch| {
                    let (weights, ds) = scratch.split_at_mut(queries * keys);
                    for head in 0..heads {
                        given.weights(weights, head, 0);
                        for (ds, grad) in ds.iter_mut().zip(grad) {
                            *ds = grad / heads as f32;
                        }
                        wide(|| score_gradients(ds, weights, keys, sizes.scale()));
                        let ds = View::new(ds, queries, keys);
                        product(sizes.head_mut(dq, head, 0), ds, given.k(head));
                        product(sizes.head_mut(dk, head, 0), ds.t(), given.q(head));
                    }
                });
            },
        );
        [tensor(dq, q.shape()), tensor(dk, k.shape())]
    }
}
