//! q, k and v of one batch item on the CPU, and the passes over its heads.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use crate::ops::attention::softmax::{score_gradients, softmax, softmax_from_rows};
use crate::ops::flex_tensor::as_slice;
use crate::ops::matmul::cpu::{Target, View, multiply_into};
use crate::ops::scratch::with_scratch;
use crate::ops::simd::wide;

/// Queries whose scores are held at once where P is not saved.
pub(super) const ROWS: usize = 256;

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

    /// Elements of q in one batch item.
    pub(crate) fn of_queries(self) -> usize {
        self.queries * self.channels
    }

    /// Elements of k in one batch item.
    pub(crate) fn of_keys(self) -> usize {
        self.keys * self.channels
    }

    /// 1 / √d.
    pub(crate) fn scale(self) -> f32 {
        (self.width as f32).sqrt().recip()
    }

    /// Tokens `first..first + rows` of one head, `[rows, width]`, in `[tokens, channels]`.
    fn head(self, tokens: &[f32], head: usize, first: usize, rows: usize) -> View<'_> {
        let start = first * self.channels + head * self.width;
        View::strided(&tokens[start..], rows, self.width, self.channels)
    }

    /// Tokens from `first` on of one head, to be written.
    pub(crate) fn head_mut(self, tokens: &mut [f32], head: usize, first: usize) -> Target<'_> {
        let start = first * self.channels + head * self.width;
        Target::new(&mut tokens[start..], self.channels)
    }
}

/// q, k and v of one batch item.
#[derive(Clone, Copy)]
pub(crate) struct AttentionInputs<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    sizes: Sizes,
}

impl<'a> AttentionInputs<'a> {
    pub(crate) fn new(
        q: &'a FlexTensor,
        k: &'a FlexTensor,
        v: &'a FlexTensor,
        index: usize,
        sizes: Sizes,
    ) -> Self {
        let of = |tensor: &'a FlexTensor, len| &as_slice(tensor)[index * len..][..len];
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

    /// Writes the weights of queries `first..first + rows` of one head; `weights` is `[rows, keys]`.
    pub(crate) fn weights(self, weights: &mut [f32], head: usize, first: usize) {
        self.scores(weights, head, first);
        let sizes = self.sizes;
        wide(|| softmax(weights, sizes.keys, sizes.scale(), &mut []));
    }

    /// Writes q kᵀ of queries `first..first + rows` of one head; `scores` is `[rows, keys]`.
    fn scores(self, scores: &mut [f32], head: usize, first: usize) {
        let sizes = self.sizes;
        let q = sizes.head(self.q, head, first, scores.len() / sizes.keys);
        product(Target::new(scores, sizes.keys), q, self.k(head).t());
    }

    /// Writes the weights `[rows, keys]` of queries `first..first + rows`, their y, and their two
    /// numbers per row `[rows, 2]` unless `rows` is empty.
    pub(super) fn attend(
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

    /// ∂q, ∂k and ∂v of one batch item from P.
    pub(super) fn backward_at_once(
        self,
        weights: &[f32],
        grad: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let sizes = self.sizes;
        with_scratch(sizes.queries * sizes.keys, |ds| {
            for (head, weights) in weights.chunks_exact(ds.len()).enumerate() {
                self.gradients(head, 0, weights, ds, grad, [dq, dk, dv], false);
            }
        });
    }

    /// ∂q, ∂k and ∂v of one batch item from the two numbers of each row.
    pub(super) fn backward_by_rows(
        self,
        rows: &[f32],
        grad: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let sizes = self.sizes;
        with_scratch(2 * sizes.queries.min(ROWS) * sizes.keys, |scratch| {
            let (weights, ds) = scratch.split_at_mut(scratch.len() / 2);
            for (head, rows) in rows.chunks_exact(sizes.queries * 2).enumerate() {
                for (block, rows) in rows.chunks(ROWS * 2).enumerate() {
                    let len = rows.len() / 2 * sizes.keys;
                    let (weights, ds) = (&mut weights[..len], &mut ds[..len]);
                    self.scores(weights, head, block * ROWS);
                    wide(|| softmax_from_rows(weights, sizes.keys, sizes.scale(), rows));
                    self.gradients(head, block * ROWS, weights, ds, grad, [dq, dk, dv], true);
                }
            }
        });
    }

    /// Writes ∂q of queries `first..first + rows`, whose weights are `[rows, keys]`, and writes their
    /// part of ∂k and ∂v, or adds it with `add`.
    #[expect(clippy::too_many_arguments, reason = "the body that two loops share")]
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

/// `target` = `left` · `right`, on one core.
pub(crate) fn product(target: Target<'_>, left: View<'_>, right: View<'_>) {
    multiply_into(target, left, right, false, false);
}
