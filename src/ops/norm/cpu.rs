//! [`crate::ops::norm`] on the CPU: plain loops that the compiler vectorizes.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use crate::ops::flex_tensor::{as_slice, contiguous, from_vec};
use crate::ops::norm::{NormKernels, NormParams, SavedForBackward};
use crate::ops::pieces::{ROWS_PER_PIECE, for_pieces, sum_pieces};
use crate::ops::simd::{sigmoid, sum, wide};

impl NormKernels for Flex {
    fn norm_forward(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        params: NormParams,
    ) -> (FlexTensor, SavedForBackward<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let (row, piece) = sizes(&weight, params);
        let (from, weights, biases) = (as_slice(&x), as_slice(&weight), as_slice(&bias));
        let rows = from.len() / row;
        let (mut y, mut statistics) = (vec![0.0; from.len()], vec![0.0; rows * 2]);
        for_pieces(
            [(&mut y, piece * row), (&mut statistics, piece * 2)],
            |index, [y, statistics]| {
                wide(|| {
                    let x = from[index * piece * row..].chunks_exact(row);
                    let out = y.chunks_exact_mut(row).zip(statistics.chunks_exact_mut(2));
                    for (i, ((y, statistics), x)) in out.zip(x).enumerate() {
                        let affine = Affine::of_row(i, weights, biases, params);
                        statistics.copy_from_slice(&forward_row(y, x, &affine, params));
                    }
                })
            },
        );
        let y = from_vec(y, x.shape());
        let statistics = from_vec(statistics, [rows, 2]);
        let saved = SavedForBackward {
            x,
            weight,
            bias,
            statistics,
        };
        (y, saved)
    }

    fn norm_backward(
        grad: FlexTensor,
        saved: SavedForBackward<Self>,
        params: NormParams,
    ) -> [FlexTensor; 2] {
        let SavedForBackward {
            x,
            weight,
            bias,
            statistics,
        } = saved;
        let grad = contiguous(grad);
        let (row, piece) = sizes(&weight, params);
        let (from, weights, biases) = (as_slice(&x), as_slice(&weight), as_slice(&bias));
        let (statistics, grad) = (as_slice(&statistics), as_slice(&grad));
        let (channels, per_row) = (weights.len(), weights.len() / params.groups);
        let pieces = (from.len() / row).div_ceil(piece);
        let (mut dx, mut dw) = (vec![0.0; from.len()], vec![0.0; pieces * channels]);
        for_pieces(
            [(&mut dx, piece * row), (&mut dw, channels)],
            |index, [dx, dw]| {
                wide(|| {
                    let first = index * piece;
                    let x = from[first * row..].chunks_exact(row);
                    let grad = grad[first * row..].chunks_exact(row);
                    let inputs = x.zip(grad).zip(statistics[first * 2..].chunks_exact(2));
                    for (i, (dx, ((x, grad), statistics))) in
                        dx.chunks_exact_mut(row).zip(inputs).enumerate()
                    {
                        let affine = Affine::of_row(i, weights, biases, params);
                        let dw = &mut dw[i % params.groups * per_row..][..per_row];
                        dx.copy_from_slice(grad);
                        backward_row(dx, dw, x, [statistics[0], statistics[1]], &affine, params);
                    }
                })
            },
        );
        let dw = sum_pieces(dw, channels);
        [from_vec(dx, x.shape()), from_vec(dw, weight.shape())]
    }
}

/// Writes y of one row; returns its mean and 1 / √(variance + ε).
#[inline(always)]
fn forward_row(y: &mut [f32], x: &[f32], affine: &Affine<'_>, params: NormParams) -> [f32; 2] {
    let row = x.len();
    let mean = sum(x, x, |x, _| x) / row as f32;
    let variance = sum(x, x, |x, _| (x - mean) * (x - mean)) / row as f32;
    let scale = (variance + params.eps).sqrt().recip();
    affine.each(y, x, |y, x, w, b| *y = (x - mean) * scale * w + b);
    if params.silu {
        y.iter_mut().for_each(|y| *y *= sigmoid(*y));
    }
    [mean, scale]
}

/// Turns ∂y of one row, which is in `g`, into its ∂x, and adds its part of ∂w to `dw`.
#[inline(always)]
fn backward_row(
    g: &mut [f32],
    dw: &mut [f32],
    x: &[f32],
    [mean, scale]: [f32; 2],
    affine: &Affine<'_>,
    params: NormParams,
) {
    let row = x.len();
    let hat = |x: f32| (x - mean) * scale;
    if params.silu {
        affine.each(g, x, |g, x, w, b| {
            let n = hat(x) * w + b;
            let s = sigmoid(n);
            *g *= s * (1.0 + n * (1.0 - s));
        });
    }
    // Multiplies g by w and sums w g and w g x̂ over the row.
    let (sum_g, sum_gx) = if params.inner == 1 {
        for ((dw, g), x) in dw.iter_mut().zip(&*g).zip(x) {
            *dw += g * hat(*x);
        }
        affine.each(g, x, |g, _, w, _| *g *= w);
        (sum(g, x, |g, _| g), sum(g, x, |g, x| g * hat(x)))
    } else {
        let (mut sum_g, mut sum_gx) = (0.0, 0.0);
        let channels = g
            .chunks_exact_mut(params.inner)
            .zip(x.chunks_exact(params.inner));
        for (((g, x), w), dw) in channels.zip(affine.weight).zip(dw) {
            let gx = sum(g, x, |g, x| g * hat(x));
            *dw += gx;
            sum_g += w * sum(g, x, |g, _| g);
            sum_gx += w * gx;
            g.iter_mut().for_each(|g| *g *= w);
        }
        (sum_g, sum_gx)
    };
    let (mean_g, mean_gx) = (sum_g / row as f32, sum_gx / row as f32);
    for (g, x) in g.iter_mut().zip(x) {
        *g = (*g - mean_g - hat(*x) * mean_gx) * scale;
    }
}

/// Elements in a row, and rows in a piece of work: all groups of a picture, or [`ROWS_PER_PIECE`].
fn sizes(weight: &FlexTensor, params: NormParams) -> (usize, usize) {
    let row = weight.shape().num_elements() / params.groups * params.inner;
    let piece = if params.groups > 1 {
        params.groups
    } else {
        ROWS_PER_PIECE
    };
    (row, piece)
}

/// Weight and bias of the channels in one row.
struct Affine<'a> {
    weight: &'a [f32],
    bias: &'a [f32],
    inner: usize,
}

impl<'a> Affine<'a> {
    fn of_row(row: usize, weight: &'a [f32], bias: &'a [f32], params: NormParams) -> Self {
        let channels = weight.len() / params.groups;
        let start = row % params.groups * channels;
        Self {
            weight: &weight[start..start + channels],
            bias: &bias[start..start + channels],
            inner: params.inner,
        }
    }

    /// Calls `f(y, x, weight, bias)` for every element of the row.
    #[inline(always)]
    fn each(&self, y: &mut [f32], x: &[f32], f: impl Fn(&mut f32, f32, f32, f32)) {
        let affine = self.weight.iter().zip(self.bias);
        if self.inner == 1 {
            for ((y, x), (w, b)) in y.iter_mut().zip(x).zip(affine) {
                f(y, *x, *w, *b);
            }
            return;
        }
        let channels = y
            .chunks_exact_mut(self.inner)
            .zip(x.chunks_exact(self.inner));
        for ((y, x), (&w, &b)) in channels.zip(affine) {
            y.iter_mut().zip(x).for_each(|(y, x)| f(y, *x, w, b));
        }
    }
}
