//! Convolution with a frozen kernel.

use burn::tensor::{Tensor, module::conv2d, ops::ConvOptions};

/// Convolves `[batch, c_in, h, w]` with `[c_out, c_in, k, k]`; the kernel never gets a gradient.
pub(super) fn frozen_conv2d(x: Tensor<4>, kernel: Tensor<4>, stride: usize, padding: usize) -> Tensor<4> {
    conv2d(x, kernel, None, ConvOptions::new([stride, stride], [padding, padding], [1, 1], 1))
}
