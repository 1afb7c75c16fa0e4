//! [`crate::ops::linear`] on the CPU: products of matrices, one picture or piece of the batch per core.

use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Bytes, DType, Shape};

use crate::ops::conv::im2col::Window;
use crate::ops::linear::generic::{Factors, Frozen};
use crate::ops::matmul::cpu::{View, for_pieces, multiply, sum_pieces, with_scratch};
use crate::ops::matmul::stored_matrix::Held;
use crate::ops::simd::{sum, wide};

/// Tokens that a linear layer takes at once. It stands for itself, not for the number of cores: on
/// it depends in which order ∂s is summed, and a result is to be the same everywhere.
pub(crate) const PIECE: usize = 256;

impl Frozen for Flex {
    fn conv_forward(
        x: FlexTensor,
        kernel: Held<Self>,
        bias: Option<FlexTensor>,
        window: Window,
    ) -> FlexTensor {
        let ([batch, c_in, height, width], [c_out, fan_in]) = (x.shape().dims(), kernel.dims());
        let [x, kernel] = [x, kernel.f32()].map(dense);
        let bias = bias.map(dense);
        let size = [height, width];
        let [out_height, out_width] = size.map(|size| window.output(size));
        let pixels = out_height * out_width;
        let (kernel, bias, x) = (
            View::new(values(&kernel), c_out, fan_in),
            bias.as_ref().map(values),
            values(&x),
        );

        let mut y = vec![0.0; batch * c_out * pixels];
        for_pieces([(&mut y, c_out * pixels)], |index, [y]| {
            let picture = &x[index * c_in * height * width..][..c_in * height * width];
            fill_rows(y, bias, pixels);
            window.columns(picture, size, |columns| {
                multiply(
                    y,
                    kernel,
                    View::new(columns, fan_in, pixels),
                    bias.is_some(),
                    batch == 1,
                );
            });
        });
        tensor(y, Shape::from([batch, c_out, out_height, out_width]))
    }

    fn conv_backward(grad: FlexTensor, kernel: Held<Self>, x: Shape, window: Window) -> FlexTensor {
        let ([batch, c_out, out_height, out_width], [_, c_in, height, width]) =
            (grad.shape().dims(), x.dims());
        let (pixels, [_, fan_in]) = (out_height * out_width, kernel.dims());
        let [grad, kernel] = [grad, kernel.f32()].map(dense);
        let (kernel, grad) = (View::new(values(&kernel), c_out, fan_in), values(&grad));

        let mut dx = vec![0.0; batch * c_in * height * width];
        for_pieces([(&mut dx, c_in * height * width)], |index, [dx]| {
            let grad = View::new(
                &grad[index * c_out * pixels..][..c_out * pixels],
                c_out,
                pixels,
            );
            window.add_columns(dx, [height, width], |columns| {
                multiply(columns, kernel.t(), grad, false, batch == 1)
            });
        });
        tensor(dx, x)
    }

    fn factored_forward(
        x: FlexTensor,
        factors: Factors<Self>,
        bias: Option<FlexTensor>,
    ) -> [FlexTensor; 2] {
        let Factors { u, s, vt, window } = factors;
        let ([c_out, r], [_, fan_in]) = (u.dims(), vt.dims());
        let [x, u, s, vt] = [x, u.f32(), s, vt.f32()].map(dense);
        let bias = bias.map(dense);
        let shape = x.shape();
        let (u, vt, s) = (
            View::new(values(&u), c_out, r),
            View::new(values(&vt), r, fan_in),
            values(&s),
        );
        let (x, bias) = (values(&x), bias.as_ref().map(values));

        let Some(window) = window else {
            let [n, _] = shape.dims();
            let piece = n.clamp(1, PIECE);
            let (mut y, mut z) = (vec![0.0; n * c_out], vec![0.0; n * r]);
            for_pieces(
                [(&mut y, piece * c_out), (&mut z, piece * r)],
                |index, [y, z]| {
                    let rows = z.len() / r;
                    multiply(
                        z,
                        View::new(&x[index * piece * fan_in..][..rows * fan_in], rows, fan_in),
                        vt.t(),
                        false,
                        false,
                    );
                    if let Some(bias) = bias {
                        y.chunks_exact_mut(c_out)
                            .for_each(|row| row.copy_from_slice(bias));
                    }
                    with_scratch(z.len(), |scaled| {
                        wide(|| scale_columns(scaled, z, s));
                        multiply(y, View::new(scaled, rows, r), u.t(), bias.is_some(), false);
                    });
                },
            );
            return [
                tensor(y, Shape::from([n, c_out])),
                tensor(z, Shape::from([n, r])),
            ];
        };

        let [batch, c_in, height, width] = shape.dims();
        let [out_height, out_width] = [height, width].map(|size| window.output(size));
        let pixels = out_height * out_width;
        let (mut y, mut z) = (
            vec![0.0; batch * c_out * pixels],
            vec![0.0; batch * r * pixels],
        );
        for_pieces(
            [(&mut y, c_out * pixels), (&mut z, r * pixels)],
            |index, [y, z]| {
                let picture = &x[index * c_in * height * width..][..c_in * height * width];
                window.columns(picture, [height, width], |columns| {
                    multiply(z, vt, View::new(columns, fan_in, pixels), false, batch == 1);
                });
                fill_rows(y, bias, pixels);
                with_scratch(z.len(), |scaled| {
                    wide(|| scale_rows(scaled, z, s, pixels));
                    multiply(
                        y,
                        u,
                        View::new(scaled, r, pixels),
                        bias.is_some(),
                        batch == 1,
                    );
                });
            },
        );
        [
            tensor(y, Shape::from([batch, c_out, out_height, out_width])),
            tensor(z, Shape::from([batch, r, out_height, out_width])),
        ]
    }

    fn factored_backward(
        grad: FlexTensor,
        z: FlexTensor,
        factors: Factors<Self>,
        x: Option<Shape>,
    ) -> [Option<FlexTensor>; 2] {
        let Factors { u, s, vt, window } = factors;
        let ([c_out, r], [_, fan_in]) = (u.dims(), vt.dims());
        let [grad, z, u, s, vt] = [grad, z, u.f32(), s, vt.f32()].map(dense);
        let shape = z.shape();
        let (u, vt, s) = (
            View::new(values(&u), c_out, r),
            View::new(values(&vt), r, fan_in),
            values(&s),
        );
        let (grad, z) = (values(&grad), values(&z));
        // A piece of the batch, its tokens or pixels, and its share of x.
        let (piece, pieces, tokens) = match window {
            None => {
                let n = z.len() / r;
                let piece = n.clamp(1, PIECE);
                (piece, n.div_ceil(piece), piece)
            }
            Some(_) => {
                let [batch, _, height, width] = shape.dims();
                (1, batch, height * width)
            }
        };
        let per_piece = match (&x, window) {
            (None, _) => 1,
            (Some(_), None) => piece * fan_in,
            (Some(x), Some(_)) => x.num_elements() / pieces,
        };
        let mut dx = vec![0.0; x.as_ref().map_or(pieces, Shape::num_elements)];
        let mut ds = vec![0.0; pieces * r];
        for_pieces([(&mut dx, per_piece), (&mut ds, r)], |index, [dx, ds]| {
            let z = z.chunks(tokens * r).nth(index).unwrap_or_default();
            let n = z.len() / r;
            let grad = &grad[index * tokens * c_out..][..n * c_out];
            with_scratch(z.len(), |g| match (window, &x) {
                (None, x) => {
                    multiply(g, View::new(grad, n, c_out), u, false, false);
                    wide(|| {
                        for (g, z) in g.chunks_exact_mut(r).zip(z.chunks_exact(r)) {
                            for (((g, z), s), ds) in g.iter_mut().zip(z).zip(s).zip(&mut *ds) {
                                *ds += *g * z;
                                *g *= s;
                            }
                        }
                    });
                    if x.is_some() {
                        multiply(dx, View::new(g, n, r), vt, false, false);
                    }
                }
                (Some(window), x) => {
                    multiply(g, u.t(), View::new(grad, c_out, n), false, pieces == 1);
                    wide(|| {
                        let rows = g.chunks_exact_mut(n).zip(z.chunks_exact(n));
                        for (((g, z), s), ds) in rows.zip(s).zip(ds) {
                            *ds = sum(g, z, |g, z| g * z);
                            g.iter_mut().for_each(|g| *g *= s);
                        }
                    });
                    if let Some(x) = x {
                        let [_, _, height, width] = x.dims();
                        window.add_columns(dx, [height, width], |columns| {
                            multiply(columns, vt.t(), View::new(g, r, n), false, pieces == 1);
                        });
                    }
                }
            });
        });
        let ds = sum_pieces(ds, r);
        [x.map(|x| tensor(dx, x)), Some(tensor(ds, Shape::from([r])))]
    }
}

/// Row-major and in one piece; nothing is copied where it is so already.
pub(crate) fn dense(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The numbers of a tensor that `dense` has seen.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let all: &[f32] = tensor.storage();
    let start = tensor.layout().start_offset();
    &all[start..start + tensor.layout().num_elements()]
}

pub(crate) fn tensor(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(shape),
        DType::F32,
    )
}

/// Puts the bias into `[c_out, pixels]`, for a product to be added to.
fn fill_rows(y: &mut [f32], bias: Option<&[f32]>, pixels: usize) {
    if let Some(bias) = bias {
        y.chunks_exact_mut(pixels)
            .zip(bias)
            .for_each(|(row, bias)| row.fill(*bias));
    }
}

/// `scaled[i, p] = z[i, p] · s[i]` of `[r, pixels]`.
#[inline(always)]
fn scale_rows(scaled: &mut [f32], z: &[f32], s: &[f32], pixels: usize) {
    for ((scaled, z), s) in scaled
        .chunks_exact_mut(pixels)
        .zip(z.chunks_exact(pixels))
        .zip(s)
    {
        scaled
            .iter_mut()
            .zip(z)
            .for_each(|(scaled, z)| *scaled = z * s);
    }
}

/// `scaled[t, i] = z[t, i] · s[i]` of `[tokens, r]`.
#[inline(always)]
fn scale_columns(scaled: &mut [f32], z: &[f32], s: &[f32]) {
    for (scaled, z) in scaled
        .chunks_exact_mut(s.len())
        .zip(z.chunks_exact(s.len()))
    {
        scaled
            .iter_mut()
            .zip(z)
            .zip(s)
            .for_each(|((scaled, z), s)| *scaled = z * s);
    }
}
