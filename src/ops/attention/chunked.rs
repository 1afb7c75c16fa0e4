//! [`crate::ops::attention`] composed of Burn's operations, a few rows of scores at a time; for
//! devices without kernels.
//!
//! Burn's own attention holds all scores, 1 GiB for two pictures of 512 px, and saves them for the
//! backward pass.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, Slice};

use crate::ops::attention::{SavedForBackward, SavedSoftmax};

/// Scores held at once, in elements (32 MiB); three or four such tensors exist at a time.
#[cfg(feature = "gpu")]
const SCORES: usize = 8 << 20;

#[cfg(feature = "gpu")]
impl crate::ops::attention::AttentionKernels for burn::backend::Cube {
    fn attention_inference(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let rows = rows_at_once::<Self>(&q, &k, heads);
        inference::<Self>(q, k, v, heads, rows)
    }

    fn attention_forward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        save_weights: bool,
    ) -> (FloatTensor<Self>, SavedForBackward<Self>) {
        let rows = rows_at_once::<Self>(&q, &k, heads);
        forward::<Self>(q, k, v, heads, rows, save_weights)
    }

    fn attention_backward(
        grad: FloatTensor<Self>,
        saved: SavedForBackward<Self>,
    ) -> [FloatTensor<Self>; 3] {
        let rows = rows_at_once::<Self>(&saved.q, &saved.k, saved.heads);
        backward::<Self>(grad, saved, rows)
    }
}

/// The number of queries that have [`SCORES`] scores.
#[cfg(feature = "gpu")]
fn rows_at_once<B: Backend>(q: &FloatTensor<B>, k: &FloatTensor<B>, heads: usize) -> usize {
    let ([batch, queries, _], [_, keys, _]) = (q.shape().dims(), k.shape().dims());
    (SCORES / (batch * heads * keys).max(1)).clamp(1, queries.max(1))
}

/// y of q `[batch, queries, channels]` and k, v `[batch, keys, channels]`, `rows` queries at a time.
pub(crate) fn inference<B: Backend>(
    q: FloatTensor<B>,
    k: FloatTensor<B>,
    v: FloatTensor<B>,
    heads: usize,
    rows: usize,
) -> FloatTensor<B> {
    forward::<B>(q, k, v, heads, rows, false).0
}

/// y, and what the backward pass needs, including P with `save_weights`.
pub(crate) fn forward<B: Backend>(
    q: FloatTensor<B>,
    k: FloatTensor<B>,
    v: FloatTensor<B>,
    heads: usize,
    rows: usize,
    save_weights: bool,
) -> (FloatTensor<B>, SavedForBackward<B>) {
    let [batch, queries, channels] = q.shape().dims();
    let scale = scale(channels, heads);
    let [of_q, of_k, of_v] = [&q, &k, &v].map(|x| split::<B>(x.clone(), heads));
    let of_k = B::float_transpose(of_k);
    let (mut y, mut saved) = (Vec::new(), Vec::new());
    for first in (0..queries).step_by(if save_weights { queries } else { rows }) {
        let count = queries.min(first + if save_weights { queries } else { rows }) - first;
        let q = narrow::<B>(of_q.clone(), 2, first, count);
        let scores = B::float_matmul(q, of_k.clone());
        let top = B::float_max_dim(scores.clone(), 3);
        let weights = exp_scaled::<B>(scores, top.clone(), scale);
        let whole = B::float_recip(B::float_sum_dim(weights.clone(), 3));
        if save_weights {
            let weights = B::float_mul(weights, whole);
            y.push(B::float_matmul(weights.clone(), of_v.clone()));
            saved.push(weights);
        } else {
            let part = B::float_matmul(weights, of_v.clone());
            y.push(B::float_mul(part, whole.clone()));
            saved.push(B::float_cat(vec![top, whole], 3));
        }
    }
    let [y, saved] = [y, saved].map(|parts| concat::<B>(parts, 2));
    let y = merge::<B>(y, Shape::from([batch, queries, channels]));
    let softmax = if save_weights {
        SavedSoftmax::Weights(saved)
    } else {
        SavedSoftmax::Rows(saved)
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

/// ∂q, ∂k and ∂v from ∂y, `rows` queries at a time.
pub(crate) fn backward<B: Backend>(
    grad: FloatTensor<B>,
    saved: SavedForBackward<B>,
    rows: usize,
) -> [FloatTensor<B>; 3] {
    let SavedForBackward {
        q,
        k,
        v,
        softmax,
        heads,
    } = saved;
    let (shape_q, shape_k) = (q.shape(), k.shape());
    let [_, queries, channels] = shape_q.dims();
    let scale = scale(channels, heads);
    let [q, k, v, grad] = [q, k, v, grad].map(|x| split::<B>(x, heads));
    let (kt, vt) = (B::float_transpose(k.clone()), B::float_transpose(v));
    let mut dq = Vec::new();
    let mut dk_dv: Option<[FloatTensor<B>; 2]> = None;
    for first in (0..queries).step_by(rows) {
        let count = queries.min(first + rows) - first;
        let part = |x: &FloatTensor<B>| narrow::<B>(x.clone(), 2, first, count);
        let (q, dy) = (part(&q), part(&grad));
        let weights = match &softmax {
            SavedSoftmax::Weights(weights) => part(weights),
            SavedSoftmax::Rows(saved) => {
                let saved = part(saved);
                let [top, whole] = [0, 1].map(|at| narrow::<B>(saved.clone(), 3, at, 1));
                let scores = B::float_matmul(q.clone(), kt.clone());
                B::float_mul(exp_scaled::<B>(scores, top, scale), whole)
            }
        };
        let dv = B::float_matmul(B::float_transpose(weights.clone()), dy.clone());
        let dp = B::float_matmul(dy, vt.clone());
        let mean = B::float_sum_dim(B::float_mul(dp.clone(), weights.clone()), 3);
        let ds = B::float_mul(weights, B::float_sub(dp, mean));
        let ds = B::float_mul_scalar(ds, scale.into());
        dq.push(B::float_matmul(ds.clone(), k.clone()));
        let dk = B::float_matmul(B::float_transpose(ds), q);
        dk_dv = Some(match dk_dv {
            Some([dks, dvs]) => [B::float_add(dks, dk), B::float_add(dvs, dv)],
            None => [dk, dv],
        });
    }
    let dq = merge::<B>(concat::<B>(dq, 2), shape_q);
    let [dk, dv] = dk_dv
        .unwrap_or_else(|| [k.clone(), k])
        .map(|x| merge::<B>(x, shape_k.clone()));
    [dq, dk, dv]
}

/// 1 / √d.
fn scale(channels: usize, heads: usize) -> f32 {
    ((channels / heads) as f32).sqrt().recip()
}

/// exp((scores − top) · scale).
fn exp_scaled<B: Backend>(
    scores: FloatTensor<B>,
    top: FloatTensor<B>,
    scale: f32,
) -> FloatTensor<B> {
    let below = B::float_sub(scores, top);
    B::float_exp(B::float_mul_scalar(below, scale.into()))
}

/// `[batch, tokens, channels]` to `[batch, heads, tokens, channels / heads]`.
fn split<B: Backend>(x: FloatTensor<B>, heads: usize) -> FloatTensor<B> {
    let [batch, tokens, channels] = x.shape().dims();
    let shape = Shape::from([batch, tokens, heads, channels / heads]);
    B::float_swap_dims(B::float_reshape(x, shape), 1, 2)
}

/// The inverse of [`split`], to `shape`.
fn merge<B: Backend>(x: FloatTensor<B>, shape: Shape) -> FloatTensor<B> {
    B::float_reshape(B::float_swap_dims(x, 1, 2), shape)
}

/// Indices `first..first + count` of dimension `dim` of a 4-D tensor.
fn narrow<B: Backend>(x: FloatTensor<B>, dim: usize, first: usize, count: usize) -> FloatTensor<B> {
    let mut slices = [Slice::full(); 4];
    slices[dim] = (first..first + count).into();
    B::float_slice(x, &slices)
}

/// Concatenates `parts`; a single one is not copied.
fn concat<B: Backend>(mut parts: Vec<FloatTensor<B>>, dim: usize) -> FloatTensor<B> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            B::float_cat(parts, dim)
        }
    }
}
