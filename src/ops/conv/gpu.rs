//! [`crate::ops::conv::generic`] on GPUs: kernels in channels-last layout.
//!
//! Burn's GPU convolutions read kernels with their channels last, and copy those that are not. The
//! copy is made here instead, in the [`workspace`] that all products share.

use burn::backend::Cube;
use burn::tensor::Shape;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::conv::generic::{ConvKernels, reshape_kernel};
use crate::ops::f16::gpu::{threads, widen};
use crate::ops::matmul::generic::MatrixOperand;
use crate::ops::matmul::gpu::workspace;
use crate::ops::matmul::stored_matrix::StoredMatrix;

impl ConvKernels for Cube {
    fn kernel(matrix: StoredMatrix<Self>, k: usize) -> CubeTensor {
        // A 1×1 kernel is channels-last as it is.
        if k == 1 {
            return reshape_kernel::<Self>(Self::operand(matrix), k);
        }
        let ([rows, fan_in], area) = (matrix.dims(), k * k);
        let channels = fan_in / area;
        let shape = Shape::from([rows, k, k, channels]);
        let packed = matches!(matrix, StoredMatrix::F16(..));
        let (StoredMatrix::F32(values) | StoredMatrix::F16(values, _)) = matrix;
        let values = into_contiguous(values);
        let kernel = workspace(&values, shape);
        let client = values.client.clone();
        let (count, dim) = threads(&client, rows * fan_in);
        let (from, to) = (values.into_buffer_arg(), kernel.clone().into_buffer_arg());
        if packed {
            channels_last_of_f16::launch(&client, count, dim, from, to, channels, area);
        } else {
            channels_last::launch(&client, count, dim, from, to, channels, area);
        }
        burn_cubecl::ops::permute(kernel, &[0, 3, 1, 2])
    }
}

/// `[rows, channels, area]` to `[rows, area, channels]`.
#[cube(launch)]
fn channels_last(values: &[f32], kernel: &mut [f32], channels: usize, area: usize) {
    if ABSOLUTE_POS < kernel.len() {
        kernel[ABSOLUTE_POS] = values[source(ABSOLUTE_POS, channels, area)];
    }
}

/// As `channels_last`, from packed F16.
#[cube(launch)]
fn channels_last_of_f16(words: &[u32], kernel: &mut [f32], channels: usize, area: usize) {
    if ABSOLUTE_POS < kernel.len() {
        let at = source(ABSOLUTE_POS, channels, area);
        let word = words[at / 2];
        let upper = at % 2;
        kernel[ABSOLUTE_POS] = widen(select(upper == 0, word & 0xffff, word >> 16));
    }
}

/// The index in `[rows, channels, area]` of the element at `at` in `[rows, area, channels]`.
#[cube]
fn source(at: usize, channels: usize, area: usize) -> usize {
    let channel = at % channels;
    let row_and_tap = at / channels;
    let tap = row_and_tap % area;
    (row_and_tap / area * channels + channel) * area + tap
}
