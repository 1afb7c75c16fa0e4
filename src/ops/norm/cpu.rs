//! [`crate::ops::norm`] on the CPU: plain loops that the compiler turns into vector instructions.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::linear::cpu::{PIECE, dense, tensor, values};
use crate::ops::matmul::cpu::{for_pieces, sum_pieces};
use crate::ops::norm::{Kept, Norm, NormKernels};
use crate::ops::simd::{sigmoid, sum, wide};

impl NormKernels for Flex {
    fn norm_forward(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        norm: Norm,
    ) -> (FlexTensor, Kept<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(dense);
        let (row, piece) = sizes(&weight, norm);
        let (from, weights, biases) = (values(&x), values(&weight), values(&bias));
        let rows = from.len() / row;
        let (mut y, mut statistics) = (vec![0.0; from.len()], vec![0.0; rows * 2]);
        for_pieces(
            [(&mut y, piece * row), (&mut statistics, piece * 2)],
            |index, [y, statistics]| {
                wide(|| {
                    let x = from[index * piece * row..].chunks_exact(row);
                    let out = y.chunks_exact_mut(row).zip(statistics.chunks_exact_mut(2));
                    for (i, ((y, statistics), x)) in out.zip(x).enumerate() {
                        let mean = sum(x, x, |x, _| x) / row as f32;
                        let variance = sum(x, x, |x, _| (x - mean) * (x - mean)) / row as f32;
                        let scale = (variance + norm.eps).sqrt().recip();
                        statistics.copy_from_slice(&[mean, scale]);
                        let affine = Affine::of_row(i, weights, biases, norm);
                        affine.each(y, x, |y, x, w, b| *y = (x - mean) * scale * w + b);
                        if norm.silu {
                            y.iter_mut().for_each(|y| *y *= sigmoid(*y));
                        }
                    }
                })
            },
        );
        let y = tensor(y, x.shape());
        let statistics = tensor(statistics, Shape::from([rows, 2]));
        let kept = Kept {
            x,
            weight,
            bias,
            statistics,
        };
        (y, kept)
    }

    fn norm_backward(grad: FlexTensor, kept: Kept<Self>, norm: Norm) -> [FlexTensor; 2] {
        let Kept {
            x,
            weight,
            bias,
            statistics,
        } = kept;
        let grad = dense(grad);
        let (row, piece) = sizes(&weight, norm);
        let (from, weights, biases) = (values(&x), values(&weight), values(&bias));
        let (statistics, grad) = (values(&statistics), values(&grad));
        let (channels, per_row) = (weights.len(), weights.len() / norm.groups);
        let pieces = (from.len() / row).div_ceil(piece);
        let (mut dx, mut dw) = (vec![0.0; from.len()], vec![0.0; pieces * channels]);
        for_pieces(
            [(&mut dx, piece * row), (&mut dw, channels)],
            |index, [dx, dw]| {
                wide(|| {
                    let first = index * piece;
                    let x = from[first * row..].chunks_exact(row);
                    let grad = grad[first * row..].chunks_exact(row);
                    let given = x.zip(grad).zip(statistics[first * 2..].chunks_exact(2));
                    for (i, (g, ((x, grad), statistics))) in
                        dx.chunks_exact_mut(row).zip(given).enumerate()
                    {
                        let (mean, scale) = (statistics[0], statistics[1]);
                        let hat = |x: f32| (x - mean) * scale;
                        let affine = Affine::of_row(i, weights, biases, norm);
                        g.copy_from_slice(grad);
                        if norm.silu {
                            affine.each(g, x, |g, x, w, b| {
                                let n = hat(x) * w + b;
                                let s = sigmoid(n);
                                *g *= s * (1.0 + n * (1.0 - s));
                            });
                        }
                        // Both sums over the row, weighted; ∂w on the way.
                        let dw = &mut dw[i % norm.groups * per_row..][..per_row];
                        let (sum_g, sum_gx) = if norm.inner == 1 {
                            for ((dw, g), x) in dw.iter_mut().zip(&*g).zip(x) {
                                *dw += g * hat(*x);
                            }
                            affine.each(g, x, |g, _, w, _| *g *= w);
                            (sum(g, x, |g, _| g), sum(g, x, |g, x| g * hat(x)))
                        } else {
                            let (mut sum_g, mut sum_gx) = (0.0, 0.0);
                            let channels = g
                                .chunks_exact_mut(norm.inner)
                                .zip(x.chunks_exact(norm.inner));
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
                })
            },
        );
        let dw = sum_pieces(dw, channels);
        [tensor(dx, x.shape()), tensor(dw, weight.shape())]
    }
}

/// Numbers in a row, and rows in a piece of work: all groups of a picture, or [`PIECE`] tokens.
fn sizes(weight: &FlexTensor, norm: Norm) -> (usize, usize) {
    let row = weight.shape().num_elements() / norm.groups * norm.inner;
    (row, if norm.groups > 1 { norm.groups } else { PIECE })
}

/// Scale and shift of the channels in one row.
struct Affine<'a> {
    weight: &'a [f32],
    bias: &'a [f32],
    inner: usize,
}

impl<'a> Affine<'a> {
    fn of_row(row: usize, weight: &'a [f32], bias: &'a [f32], norm: Norm) -> Self {
        let channels = weight.len() / norm.groups;
        let start = row % norm.groups * channels;
        Self {
            weight: &weight[start..start + channels],
            bias: &bias[start..start + channels],
            inner: norm.inner,
        }
    }

    /// `f(y, x, weight, bias)` for every number of the row.
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
