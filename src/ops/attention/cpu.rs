//! [`crate::ops::attention`] on the CPU: one picture of the batch per core, head after head.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::attention::{AttentionKernels, Kept, Softmax};
use crate::ops::linear::cpu::{dense, tensor, values};
use crate::ops::matmul::cpu::{Target, View, for_pieces, multiply_into, with_scratch};
use crate::ops::simd::{exp, largest, sum, wide};

/// Queries whose scores are held at once where they are not kept.
const ROWS: usize = 256;

impl AttentionKernels for Flex {
    fn attention_alone(q: FlexTensor, k: FlexTensor, v: FlexTensor, heads: usize) -> FlexTensor {
        forward_by_rows([q, k, v].map(dense), heads).0
    }

    fn attention_forward(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        heads: usize,
        keep: bool,
    ) -> (FlexTensor, Kept<Self>) {
        let [q, k, v] = [q, k, v].map(dense);
        let given = [q.clone(), k.clone(), v.clone()];
        let (y, softmax) = if keep {
            let (y, weights) = forward_at_once(given, heads);
            (y, Softmax::Weights(weights))
        } else {
            let (y, rows) = forward_by_rows(given, heads);
            (y, Softmax::Rows(rows))
        };
        let kept = Kept {
            q,
            k,
            v,
            softmax,
            heads,
        };
        (y, kept)
    }

    fn attention_backward(grad: FlexTensor, kept: Kept<Self>) -> [FlexTensor; 3] {
        let grad = dense(grad);
        let Kept {
            q,
            k,
            v,
            softmax,
            heads,
        } = kept;
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
                let given = Given::new(&q, &k, &v, index, sizes);
                let grad = &values(&grad)[index * of_queries..][..of_queries];
                match &softmax {
                    Softmax::Weights(weights) => {
                        let all = heads * sizes.queries * sizes.keys;
                        given.backward_at_once(
                            &values(weights)[index * all..][..all],
                            grad,
                            targets,
                        );
                    }
                    Softmax::Rows(rows) => {
                        let all = heads * sizes.queries * 2;
                        given.backward_by_rows(&values(rows)[index * all..][..all], grad, targets);
                    }
                }
            },
        );
        [
            tensor(dq, q.shape()),
            tensor(dk, k.shape()),
            tensor(dv, k.shape()),
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
            let given = Given::new(&q, &k, &v, index, sizes);
            for (head, weights) in weights.chunks_exact_mut(head).enumerate() {
                given.attend(y, weights, head, 0, &mut []);
            }
        },
    );
    let shape = Shape::from([sizes.batch, heads, sizes.queries, sizes.keys]);
    (tensor(y, q.shape()), tensor(weights, shape))
}

/// y, and the two numbers of each row `[batch, heads, queries, 2]`; P of a few rows at a time is
/// held.
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
            let given = Given::new(&q, &k, &v, index, sizes);
            with_scratch(sizes.queries.min(ROWS) * sizes.keys, |weights| {
                for (head, rows) in rows.chunks_exact_mut(sizes.queries * 2).enumerate() {
                    for (block, rows) in rows.chunks_mut(ROWS * 2).enumerate() {
                        let weights = &mut weights[..rows.len() / 2 * sizes.keys];
                        given.attend(y, weights, head, block * ROWS, rows);
                    }
                }
            });
        },
    );
    let shape = Shape::from([sizes.batch, heads, sizes.queries, 2]);
    (tensor(y, q.shape()), tensor(rows, shape))
}

/// The shapes of q `[batch, queries, channels]` and k `[batch, keys, channels]`.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    channels: usize,
    /// Channels of a head.
    width: usize,
}

impl Sizes {
    pub(crate) fn of(q: &FlexTensor, k: &FlexTensor, heads: usize) -> Self {
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
    pub(crate) fn of_queries(self) -> usize {
        self.queries * self.channels
    }

    /// Numbers in one picture's k.
    pub(crate) fn of_keys(self) -> usize {
        self.keys * self.channels
    }

    /// 1 / √d.
    pub(crate) fn scale(self) -> f32 {
        (self.width as f32).sqrt().recip()
    }

    /// `rows` tokens from `first` on of one head, `[rows, width]`, of a picture's `[tokens, channels]`.
    fn head(self, tokens: &[f32], head: usize, first: usize, rows: usize) -> View<'_> {
        let start = first * self.channels + head * self.width;
        View::strided(&tokens[start..], rows, self.width, self.channels)
    }

    /// The same to be written, of any number of rows.
    pub(crate) fn head_mut(self, tokens: &mut [f32], head: usize, first: usize) -> Target<'_> {
        let start = first * self.channels + head * self.width;
        Target::new(&mut tokens[start..], self.channels)
    }
}

/// q, k and v of one picture.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    sizes: Sizes,
}

impl<'a> Given<'a> {
    pub(crate) fn new(
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

    pub(crate) fn q(self, head: usize) -> View<'a> {
        self.sizes.head(self.q, head, 0, self.sizes.queries)
    }

    pub(crate) fn k(self, head: usize) -> View<'a> {
        self.sizes.head(self.k, head, 0, self.sizes.keys)
    }

    fn v(self, head: usize) -> View<'a> {
        self.sizes.head(self.v, head, 0, self.sizes.keys)
    }

    /// Writes the weights `[rows, keys]` of as many queries from `first` on.
    pub(crate) fn weights(self, weights: &mut [f32], head: usize, first: usize) {
        self.scores(weights, head, first);
        let sizes = self.sizes;
        wide(|| softmax(weights, sizes.keys, sizes.scale(), &mut []));
    }

    /// Writes q kᵀ of as many queries from `first` on.
    fn scores(self, scores: &mut [f32], head: usize, first: usize) {
        let sizes = self.sizes;
        let q = sizes.head(self.q, head, first, scores.len() / sizes.keys);
        product(Target::new(scores, sizes.keys), q, self.k(head).t());
    }

    /// Writes the weights `[rows, keys]` of as many queries from `first` on, their y, and their
    /// `[rows, 2]` if there is room for them.
    fn attend(
        self,
        y: &mut [f32],
        weights: &mut [f32],
        head: usize,
        first: usize,
        rows: &mut [f32],
    ) {
        let sizes = self.sizes;
        self.scores(weights, head, first);
        wide(|| softmax(weights, sizes.keys, sizes.scale(), rows));
        product(
            sizes.head_mut(y, head, first),
            View::new(weights, weights.len() / sizes.keys, sizes.keys),
            self.v(head),
        );
    }

    /// ∂q, ∂k and ∂v of one picture from P.
    fn backward_at_once(self, weights: &[f32], grad: &[f32], [dq, dk, dv]: [&mut [f32]; 3]) {
        let sizes = self.sizes;
        with_scratch(sizes.queries * sizes.keys, |ds| {
            for (head, weights) in weights.chunks_exact(ds.len()).enumerate() {
                self.gradients(head, 0, weights, ds, grad, [dq, dk, dv], false);
            }
        });
    }

    /// The same from the two numbers of each row.
    fn backward_by_rows(self, rows: &[f32], grad: &[f32], [dq, dk, dv]: [&mut [f32]; 3]) {
        let sizes = self.sizes;
        with_scratch(2 * sizes.queries.min(ROWS) * sizes.keys, |scratch| {
            let (weights, ds) = scratch.split_at_mut(scratch.len() / 2);
            for (head, rows) in rows.chunks_exact(sizes.queries * 2).enumerate() {
                for (block, rows) in rows.chunks(ROWS * 2).enumerate() {
                    let len = rows.len() / 2 * sizes.keys;
                    let (weights, ds) = (&mut weights[..len], &mut ds[..len]);
                    self.scores(weights, head, block * ROWS);
                    wide(|| softmax_again(weights, sizes.keys, sizes.scale(), rows));
                    self.gradients(head, block * ROWS, weights, ds, grad, [dq, dk, dv], true);
                }
            }
        });
    }

    /// Writes ∂q of the queries from `first` on that `weights` `[rows, keys]` are of, and writes or
    /// adds their part of ∂k and ∂v.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of two loops, named once"
    )]
    fn gradients(
        self,
        head: usize,
        first: usize,
        weights: &[f32],
        ds: &mut [f32],
        grad: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
        add: bool,
    ) {
        let sizes = self.sizes;
        let (rows, keys) = (weights.len() / sizes.keys, sizes.keys);
        let p = View::new(weights, rows, keys);
        let dy = sizes.head(grad, head, first, rows);
        let dv = sizes.head_mut(dv, head, 0);
        multiply_into(dv, p.t(), dy, add, false);
        product(Target::new(ds, keys), dy, self.v(head).t());
        wide(|| score_gradients(ds, weights, keys, sizes.scale()));
        let ds = View::new(ds, rows, keys);
        product(sizes.head_mut(dq, head, first), ds, self.k(head));
        let (dk, q) = (
            sizes.head_mut(dk, head, 0),
            sizes.head(self.q, head, first, rows),
        );
        multiply_into(dk, ds.t(), q, add, false);
    }
}

/// softmax(scale · scores) of every row of `[rows, keys]`; the largest score and 1 / Σ of each go to
/// `kept` `[rows, 2]`, which may be empty.
#[inline(always)]
fn softmax(scores: &mut [f32], keys: usize, scale: f32, kept: &mut [f32]) {
    let mut kept = kept.chunks_exact_mut(2);
    for row in scores.chunks_exact_mut(keys) {
        let top = largest(row);
        row.iter_mut()
            .for_each(|score| *score = exp((*score - top) * scale));
        let whole = sum(row, row, |weight, _| weight).recip();
        row.iter_mut().for_each(|weight| *weight *= whole);
        if let Some(kept) = kept.next() {
            kept.copy_from_slice(&[top, whole]);
        }
    }
}

/// The same softmax from what was kept of each row.
#[inline(always)]
fn softmax_again(scores: &mut [f32], keys: usize, scale: f32, kept: &[f32]) {
    for (row, kept) in scores.chunks_exact_mut(keys).zip(kept.chunks_exact(2)) {
        let (top, whole) = (kept[0], kept[1]);
        row.iter_mut()
            .for_each(|score| *score = exp((*score - top) * scale) * whole);
    }
}

/// ∂P to ∂S, in place, of every row of `[rows, keys]`.
#[inline(always)]
pub(crate) fn score_gradients(gradients: &mut [f32], weights: &[f32], keys: usize, scale: f32) {
    let rows = gradients.chunks_exact_mut(keys);
    for (gradients, weights) in rows.zip(weights.chunks_exact(keys)) {
        let mean = sum(gradients, weights, |gradient, weight| gradient * weight);
        for (gradient, weight) in gradients.iter_mut().zip(weights) {
            *gradient = weight * (*gradient - mean) * scale;
        }
    }
}

/// `target` = `left` · `right`, on this core.
pub(crate) fn product(target: Target<'_>, left: View<'_>, right: View<'_>) {
    multiply_into(target, left, right, false, false);
}
