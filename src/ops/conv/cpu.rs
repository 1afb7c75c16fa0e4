//! [`crate::ops::conv`] on the CPU: im2col and a product of matrices, one batch item per core.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;

use crate::ops::conv::generic::ConvKernels;
use crate::ops::conv::params::ConvParams;
use crate::ops::flex_tensor::{as_slice, contiguous, dims, from_vec};
use crate::ops::matmul::cpu::{View, multiply};
use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::stored_matrix::StoredMatrix;
use crate::ops::pieces::{for_pieces, sum_pieces};
use crate::ops::scratch::with_scratch;
use crate::ops::simd::{sum, wide};

impl ConvKernels for Flex {
    fn conv_forward(
        x: FlexTensor,
        kernel: StoredMatrix<Self>,
        bias: Option<FlexTensor>,
        params: ConvParams,
    ) -> FlexTensor {
        let ([batch, c_in, height, width], [c_out, fan_in]) = (dims(&x), kernel.dims());
        let [x, kernel] = [x, kernel.f32()].map(contiguous);
        let bias = bias.map(contiguous);
        let size = [height, width];
        let [out_height, out_width] = size.map(|size| params.output(size));
        let pixels = out_height * out_width;
        let (kernel, bias, x) = (
            View::new(as_slice(&kernel), c_out, fan_in),
            bias.as_ref().map(as_slice),
            as_slice(&x),
        );

        let mut y = vec![0.0; batch * c_out * pixels];
        for_pieces([(&mut y, c_out * pixels)], |index, [y]| {
            let picture = &x[index * c_in * height * width..][..c_in * height * width];
            fill_rows(y, bias, pixels);
            params.im2col(picture, size, |columns| {
                let columns = View::new(columns, fan_in, pixels);
                multiply(y, kernel, columns, bias.is_some(), batch == 1);
            });
        });
        from_vec(y, [batch, c_out, out_height, out_width])
    }

    fn conv_backward(
        grad: FlexTensor,
        kernel: StoredMatrix<Self>,
        x: Shape,
        params: ConvParams,
    ) -> FlexTensor {
        let ([batch, c_out, out_height, out_width], [_, c_in, height, width]) =
            (dims(&grad), x.dims());
        let (pixels, [_, fan_in]) = (out_height * out_width, kernel.dims());
        let [grad, kernel] = [grad, kernel.f32()].map(contiguous);
        let kernel = View::new(as_slice(&kernel), c_out, fan_in);
        let grad = as_slice(&grad);

        let mut dx = vec![0.0; batch * c_in * height * width];
        for_pieces([(&mut dx, c_in * height * width)], |index, [dx]| {
            let grad = &grad[index * c_out * pixels..][..c_out * pixels];
            let grad = View::new(grad, c_out, pixels);
            params.col2im(dx, [height, width], |columns| {
                multiply(columns, kernel.t(), grad, false, batch == 1)
            });
        });
        from_vec(dx, x)
    }

    fn factored_conv_forward(
        x: FlexTensor,
        factors: Factors<Self>,
        bias: Option<FlexTensor>,
        params: ConvParams,
    ) -> [FlexTensor; 2] {
        let Factors { u, s, vt } = factors;
        let ([c_out, r], [_, fan_in]) = (u.dims(), vt.dims());
        let [batch, c_in, height, width] = dims(&x);
        let [x, u, s, vt] = [x, u.f32(), s, vt.f32()].map(contiguous);
        let bias = bias.map(contiguous);
        let (u, vt, s) = (
            View::new(as_slice(&u), c_out, r),
            View::new(as_slice(&vt), r, fan_in),
            as_slice(&s),
        );
        let (x, bias) = (as_slice(&x), bias.as_ref().map(as_slice));
        let size = [height, width];
        let [out_height, out_width] = size.map(|size| params.output(size));
        let pixels = out_height * out_width;

        let mut y = vec![0.0; batch * c_out * pixels];
        let mut z = vec![0.0; batch * r * pixels];
        for_pieces(
            [(&mut y, c_out * pixels), (&mut z, r * pixels)],
            |index, [y, z]| {
                let picture = &x[index * c_in * height * width..][..c_in * height * width];
                params.im2col(picture, size, |columns| {
                    multiply(z, vt, View::new(columns, fan_in, pixels), false, batch == 1);
                });
                fill_rows(y, bias, pixels);
                with_scratch(z.len(), |scaled| {
                    wide(|| scale_rows(scaled, z, s, pixels));
                    let scaled = View::new(scaled, r, pixels);
                    multiply(y, u, scaled, bias.is_some(), batch == 1);
                });
            },
        );
        [
            from_vec(y, [batch, c_out, out_height, out_width]),
            from_vec(z, [batch, r, out_height, out_width]),
        ]
    }

    fn factored_conv_backward(
        grad: FlexTensor,
        z: FlexTensor,
        factors: Factors<Self>,
        x: Option<Shape>,
        params: ConvParams,
    ) -> [Option<FlexTensor>; 2] {
        let Factors { u, s, vt } = factors;
        let ([c_out, r], [_, fan_in]) = (u.dims(), vt.dims());
        let [grad, z, u, s, vt] = [grad, z, u.f32(), s, vt.f32()].map(contiguous);
        let [batch, _, out_height, out_width] = dims(&z);
        let (u, vt, s) = (
            View::new(as_slice(&u), c_out, r),
            View::new(as_slice(&vt), r, fan_in),
            as_slice(&s),
        );
        let (grad, z) = (as_slice(&grad), as_slice(&z));
        let pixels = out_height * out_width;
        // Without ∂x, one unused element per piece.
        let per_piece = x.as_ref().map_or(1, |x| x.num_elements() / batch);
        let mut dx = vec![0.0; x.as_ref().map_or(batch, Shape::num_elements)];
        let mut ds = vec![0.0; batch * r];
        for_pieces([(&mut dx, per_piece), (&mut ds, r)], |index, [dx, ds]| {
            let z = &z[index * r * pixels..][..r * pixels];
            let grad = &grad[index * c_out * pixels..][..c_out * pixels];
            with_scratch(z.len(), |g| {
                let grad = View::new(grad, c_out, pixels);
                multiply(g, u.t(), grad, false, batch == 1);
                wide(|| {
                    let rows = g.chunks_exact_mut(pixels).zip(z.chunks_exact(pixels));
                    for (((g, z), s), ds) in rows.zip(s).zip(ds) {
                        *ds = sum(g, z, |g, z| g * z);
                        g.iter_mut().for_each(|g| *g *= s);
                    }
                });
                if let Some(x) = &x {
                    let [_, _, height, width] = x.dims();
                    params.col2im(dx, [height, width], |columns| {
                        multiply(columns, vt.t(), View::new(g, r, pixels), false, batch == 1);
                    });
                }
            });
        });
        let ds = sum_pieces(ds, r);
        [x.map(|x| from_vec(dx, x)), Some(from_vec(ds, [r]))]
    }
}

/// Writes the bias into `y` `[c_out, pixels]`, so that a product can be added to it.
fn fill_rows(y: &mut [f32], bias: Option<&[f32]>, pixels: usize) {
    if let Some(bias) = bias {
        y.chunks_exact_mut(pixels)
            .zip(bias)
            .for_each(|(row, bias)| row.fill(*bias));
    }
}

/// `scaled[i, p] = z[i, p] · s[i]` over `[r, pixels]`.
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
