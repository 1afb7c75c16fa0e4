//! [`super::attention`] on the CPU: one picture of the batch per core, head after head.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Shape;

use super::attention::{AttentionKernels, Kept};
use super::frozen_flex::{dense, tensor, values};
use super::product::{Target, View, for_pieces, multiply_into, with_scratch};
use super::vector::{exp, largest, sum, wide};

/// Queries whose scores are held at once where they are not kept.
const ROWS: usize = 256;

impl AttentionKernels for Flex {
    fn attention_alone(q: FlexTensor, k: FlexTensor, v: FlexTensor, heads: usize) -> FlexTensor {
        let [q, k, v] = [q, k, v].map(dense);
        let sizes = Sizes::of(&q, &k, heads);
        let mut y = vec![0.0; sizes.batch * sizes.of_queries()];
        for_pieces([(&mut y, sizes.of_queries())], |index, [y]| {
            let given = Given::new(&q, &k, &v, index, sizes);
            with_scratch(sizes.queries.min(ROWS) * sizes.keys, |scores| {
                for head in 0..heads {
                    for first in (0..sizes.queries).step_by(ROWS) {
                        let rows = ROWS.min(sizes.queries - first);
                        given.attend(y, &mut scores[..rows * sizes.keys], head, first, rows);
                    }
                }
            });
        });
        tensor(y, q.shape())
    }

    fn attention_forward(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        heads: usize,
    ) -> (FlexTensor, Kept<Self>) {
        let [q, k, v] = [q, k, v].map(dense);
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
                let given = Given::new(&q, &k, &v, index, sizes);
                for (head, weights) in weights.chunks_exact_mut(head).enumerate() {
                    given.attend(y, weights, head, 0, sizes.queries);
                }
            },
        );
        let y = tensor(y, q.shape());
        let shape = Shape::from([sizes.batch, heads, sizes.queries, sizes.keys]);
        let weights = tensor(weights, shape);
        (y, Kept { q, k, v, weights })
    }

    fn attention_backward(grad: FlexTensor, kept: Kept<Self>) -> [FlexTensor; 3] {
        let grad = dense(grad);
        let Kept { q, k, v, weights } = kept;
        let [_, heads, queries, keys] = weights.shape().dims();
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
            |index, [dq, dk, dv]| {
                let given = Given::new(&q, &k, &v, index, sizes);
                let grad = &values(&grad)[index * of_queries..][..of_queries];
                let weights = &values(&weights)[index * heads * queries * keys..];
                with_scratch(queries * keys, |ds| {
                    for head in 0..heads {
                        let weights = &weights[head * queries * keys..][..queries * keys];
                        let p = View::new(weights, queries, keys);
                        let dy = sizes.head(grad, head, 0, queries);
                        product(sizes.head_mut(dv, head, 0), p.t(), dy);
                        product(Target::new(ds, keys), dy, given.v(head).t());
                        wide(|| score_gradients(ds, weights, keys, sizes.scale()));
                        let ds = View::new(ds, queries, keys);
                        product(sizes.head_mut(dq, head, 0), ds, given.k(head));
                        product(sizes.head_mut(dk, head, 0), ds.t(), given.q(head));
                    }
                });
            },
        );
        [
            tensor(dq, q.shape()),
            tensor(dk, k.shape()),
            tensor(dv, k.shape()),
        ]
    }
}

/// The shapes of q `[batch, queries, channels]` and k `[batch, keys, channels]`.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) queries: usize,
    pub(super) keys: usize,
    channels: usize,
    /// Channels of a head.
    width: usize,
}

impl Sizes {
    pub(super) fn of(q: &FlexTensor, k: &FlexTensor, heads: usize) -> Self {
        let ([batch, queries, channels], [_, keys, _]) = (q.shape().dims(), k.shape().dims());
        Self {
            batch,
            queries,
            keys,
            channels,
            width: channels / heads,
        }
    }

    /// Numbers in one picture's q.
    pub(super) fn of_queries(self) -> usize {
        self.queries * self.channels
    }

    /// Numbers in one picture's k.
    pub(super) fn of_keys(self) -> usize {
        self.keys * self.channels
    }

    /// 1 / √d.
    pub(super) fn scale(self) -> f32 {
        (self.width as f32).sqrt().recip()
    }

    /// `rows` tokens from `first` on of one head, `[rows, width]`, of a picture's `[tokens, channels]`.
    fn head(self, tokens: &[f32], head: usize, first: usize, rows: usize) -> View<'_> {
        let start = first * self.channels + head * self.width;
        View::strided(&tokens[start..], rows, self.width, self.channels)
    }

    /// The same to be written, of any number of rows.
    pub(super) fn head_mut(self, tokens: &mut [f32], head: usize, first: usize) -> Target<'_> {
        let start = first * self.channels + head * self.width;
        Target::new(&mut tokens[start..], self.channels)
    }
}

/// q, k and v of one picture.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    sizes: Sizes,
}

impl<'a> Given<'a> {
    pub(super) fn new(
        q: &'a FlexTensor,
        k: &'a FlexTensor,
        v: &'a FlexTensor,
        index: usize,
        sizes: Sizes,
    ) -> Self {
        let of = |tensor: &'a FlexTensor, len| &values(tensor)[index * len..][..len];
        Self {
            q: of(q, sizes.of_queries()),
            k: of(k, sizes.of_keys()),
            v: of(v, sizes.of_keys()),
            sizes,
        }
    }

    pub(super) fn q(self, head: usize) -> View<'a> {
        self.sizes.head(self.q, head, 0, self.sizes.queries)
    }

    pub(super) fn k(self, head: usize) -> View<'a> {
        self.sizes.head(self.k, head, 0, self.sizes.keys)
    }

    fn v(self, head: usize) -> View<'a> {
        self.sizes.head(self.v, head, 0, self.sizes.keys)
    }

    /// Writes the weights `[rows, keys]` of `rows` queries from `first` on.
    pub(super) fn weights(self, weights: &mut [f32], head: usize, first: usize, rows: usize) {
        let sizes = self.sizes;
        let q = sizes.head(self.q, head, first, rows);
        product(Target::new(weights, sizes.keys), q, self.k(head).t());
        wide(|| softmax(weights, sizes.keys, sizes.scale()));
    }

    /// Writes the weights `[rows, keys]` of `rows` queries from `first` on, and their y.
    fn attend(self, y: &mut [f32], weights: &mut [f32], head: usize, first: usize, rows: usize) {
        let sizes = self.sizes;
        self.weights(weights, head, first, rows);
        product(
            sizes.head_mut(y, head, first),
            View::new(weights, rows, sizes.keys),
            self.v(head),
        );
    }
}

/// softmax(scale · scores) of every row of `[rows, keys]`.
#[inline(always)]
fn softmax(scores: &mut [f32], keys: usize, scale: f32) {
    for row in scores.chunks_exact_mut(keys) {
        let top = largest(row);
        row.iter_mut()
            .for_each(|score| *score = exp((*score - top) * scale));
        let whole = sum(row, row, |weight, _| weight).recip();
        row.iter_mut().for_each(|weight| *weight *= whole);
    }
}

/// ∂P to ∂S, in place, of every row of `[rows, keys]`.
#[inline(always)]
pub(super) fn score_gradients(gradients: &mut [f32], weights: &[f32], keys: usize, scale: f32) {
    let rows = gradients.chunks_exact_mut(keys);
    for (gradients, weights) in rows.zip(weights.chunks_exact(keys)) {
        let mean = sum(gradients, weights, |gradient, weight| gradient * weight);
        for (gradient, weight) in gradients.iter_mut().zip(weights) {
            *gradient = weight * (*gradient - mean) * scale;
        }
    }
}

/// `target` = `left` · `right`, on this core.
pub(super) fn product(target: Target<'_>, left: View<'_>, right: View<'_>) {
    multiply_into(target, left, right, false, false);
}
