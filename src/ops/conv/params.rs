//! The shape of a convolution.

use burn::tensor::ops::ConvOptions;

/// Kernel side, stride and padding of a 2-D convolution, equal in both directions (torch's
/// `Conv2d` with dilation 1 and one group).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvParams {
    /// Kernel side k, in pixels.
    pub(crate) kernel_size: usize,
    /// Step, in pixels.
    pub(crate) stride: usize,
    /// Zeros added on every side, in pixels.
    pub(crate) padding: usize,
}

impl ConvParams {
    /// A 1×1 convolution with stride 1.
    pub(crate) const POINTWISE: Self = Self {
        kernel_size: 1,
        stride: 1,
        padding: 0,
    };

    /// Height (or width) of the output for an input of that height (or width).
    pub(crate) fn output(&self, size: usize) -> usize {
        (size + 2 * self.padding - self.kernel_size) / self.stride + 1
    }

    /// The same for Burn.
    pub(crate) fn options(&self) -> ConvOptions<2> {
        ConvOptions::new([self.stride; 2], [self.padding; 2], [1; 2], 1)
    }
}
