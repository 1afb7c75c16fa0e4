//! [`crate::ops::linear`] on the CPU: [`ROWS_PER_PIECE`] rows of the input per core.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;

use crate::ops::flex_tensor::{as_slice, contiguous, dims, from_vec};
use crate::ops::linear::generic::LinearKernels;
use crate::ops::matmul::cpu::{View, multiply};
use crate::ops::matmul::factors::Factors;
use crate::ops::pieces::{ROWS_PER_PIECE, for_pieces, sum_pieces};
use crate::ops::scratch::with_scratch;
use crate::ops::simd::wide;

impl LinearKernels for Flex {
    fn factored_linear_forward(
        x: FlexTensor,
        factors: Factors<Self>,
        bias: Option<FlexTensor>,
    ) -> [FlexTensor; 2] {
        let Factors { u, s, vt } = factors;
        let ([c_out, r], [_, fan_in], [n, _]) = (u.dims(), vt.dims(), dims(&x));
        let [x, u, s, vt] = [x, u.f32(), s, vt.f32()].map(contiguous);
        let bias = bias.map(contiguous);
        let (u, vt, s) = (
            View::new(as_slice(&u), c_out, r),
            View::new(as_slice(&vt), r, fan_in),
            as_slice(&s),
        );
        let (x, bias) = (as_slice(&x), bias.as_ref().map(as_slice));

        let piece = n.clamp(1, ROWS_PER_PIECE);
        let (mut y, mut z) = (vec![0.0; n * c_out], vec![0.0; n * r]);
        for_pieces(
            [(&mut y, piece * c_out), (&mut z, piece * r)],
            |index, [y, z]| {
                let rows = z.len() / r;
                let x = &x[index * piece * fan_in..][..rows * fan_in];
                multiply(z, View::new(x, rows, fan_in), vt.t(), false, false);
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
        [from_vec(y, [n, c_out]), from_vec(z, [n, r])]
    }

    fn factored_linear_backward(
        grad: FlexTensor,
        z: FlexTensor,
        factors: Factors<Self>,
        x: Option<Shape>,
    ) -> [Option<FlexTensor>; 2] {
        let Factors { u, s, vt } = factors;
        let ([c_out, r], [_, fan_in]) = (u.dims(), vt.dims());
        let [grad, z, u, s, vt] = [grad, z, u.f32(), s, vt.f32()].map(contiguous);
        let (u, vt, s) = (
            View::new(as_slice(&u), c_out, r),
            View::new(as_slice(&vt), r, fan_in),
            as_slice(&s),
        );
        let (grad, z) = (as_slice(&grad), as_slice(&z));
        let n = z.len() / r;
        let piece = n.clamp(1, ROWS_PER_PIECE);
        let pieces = n.div_ceil(piece);
        // Without ∂x, one unused element per piece.
        let per_piece = x.as_ref().map_or(1, |_| piece * fan_in);
        let mut dx = vec![0.0; x.as_ref().map_or(pieces, Shape::num_elements)];
        let mut ds = vec![0.0; pieces * r];
        for_pieces([(&mut dx, per_piece), (&mut ds, r)], |index, [dx, ds]| {
            let z = z.chunks(piece * r).nth(index).unwrap_or_default();
            let n = z.len() / r;
            let grad = &grad[index * piece * c_out..][..n * c_out];
            with_scratch(z.len(), |g| {
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
            });
        });
        let ds = sum_pieces(ds, r);
        [x.map(|x| from_vec(dx, x)), Some(from_vec(ds, [r]))]
    }
}

/// `scaled[t, i] = z[t, i] · s[i]` over `[n, r]`.
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
