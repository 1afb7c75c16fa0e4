//! [`crate::ops::geglu`] on the CPU.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};

use crate::ops::flex_tensor::{as_slice, contiguous, from_vec};
use crate::ops::geglu::GegluKernels;
use crate::ops::pieces::{ROWS_PER_PIECE, for_pieces};
use crate::ops::simd::{erf, exp, wide};

impl GegluKernels for Flex {
    fn geglu_forward(x: FlexTensor) -> FlexTensor {
        let x = contiguous(x);
        let mut shape = x.shape();
        let inner = shape[2] / 2;
        shape[2] = inner;
        let mut y = vec![0.0; shape.num_elements()];
        let piece = ROWS_PER_PIECE * inner;
        for_pieces([(&mut y, piece)], |index, [y]| {
            let x = &as_slice(&x)[index * piece * 2..];
            wide(|| {
                for (y, x) in y.chunks_exact_mut(inner).zip(x.chunks_exact(2 * inner)) {
                    let (a, b) = x.split_at(inner);
                    for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
                        *y = a * b * normal_cdf(*b);
                    }
                }
            });
        });
        from_vec(y, shape)
    }

    fn geglu_backward(grad: FlexTensor, x: FlexTensor) -> FlexTensor {
        let [grad, x] = [grad, x].map(contiguous);
        let inner = x.shape()[2] / 2;
        let mut dx = vec![0.0; x.shape().num_elements()];
        let piece = ROWS_PER_PIECE * inner;
        for_pieces([(&mut dx, piece * 2)], |index, [dx]| {
            let (x, grad) = (
                &as_slice(&x)[index * piece * 2..],
                &as_slice(&grad)[index * piece..],
            );
            wide(|| {
                let rows = x.chunks_exact(2 * inner).zip(grad.chunks_exact(inner));
                for (dx, (x, grad)) in dx.chunks_exact_mut(2 * inner).zip(rows) {
                    let ((da, db), (a, b)) = (dx.split_at_mut(inner), x.split_at(inner));
                    let inputs = grad.iter().zip(a).zip(b);
                    for ((da, db), ((grad, a), b)) in da.iter_mut().zip(db).zip(inputs) {
                        let cdf = normal_cdf(*b);
                        *da = grad * b * cdf;
                        *db = grad * a * (cdf + b * normal_density(*b));
                    }
                }
            });
        });
        from_vec(dx, x.shape())
    }
}

/// Φ, the standard normal distribution function.
#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    0.5 + 0.5 * erf(x * core::f32::consts::FRAC_1_SQRT_2)
}

/// φ, the standard normal density.
#[inline(always)]
fn normal_density(x: f32) -> f32 {
    /// 1 / √(2π).
    const HEIGHT: f32 = 0.398_942_3;
    HEIGHT * exp(-0.5 * x * x)
}
