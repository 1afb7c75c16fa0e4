//! [`crate::ops::conv`] composed of Burn's operations.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;

use crate::ops::conv::params::ConvParams;
use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::generic::MatrixOperand;
use crate::ops::matmul::stored_matrix::StoredMatrix;

/// The forward and backward passes on a backend, without autodiff.
pub(crate) trait ConvKernels: MatrixOperand {
    /// `[rows, c·k·k]` as the kernel `[rows, c, k, k]` of one convolution, valid until the next call
    /// like [`MatrixOperand::operand`].
    fn kernel(matrix: StoredMatrix<Self>, k: usize) -> FloatTensor<Self> {
        reshape_kernel::<Self>(matrix.f32(), k)
    }

    /// conv(x, kernel) + bias.
    fn conv_forward(
        x: FloatTensor<Self>,
        kernel: StoredMatrix<Self>,
        bias: Option<FloatTensor<Self>>,
        params: ConvParams,
    ) -> FloatTensor<Self> {
        let kernel = Self::kernel(kernel, params.kernel_size);
        Self::conv2d(x, kernel, bias, params.options())
    }

    /// ∂x of shape `x` from ∂y.
    fn conv_backward(
        grad: FloatTensor<Self>,
        kernel: StoredMatrix<Self>,
        x: Shape,
        params: ConvParams,
    ) -> FloatTensor<Self> {
        let kernel = Self::kernel(kernel, params.kernel_size);
        // Only the shape of x is read.
        let x = Self::float_empty(x, &grad.device(), grad.dtype().into());
        Self::conv2d_x_backward(x, kernel, grad, params.options())
    }

    /// y and z = conv(x, Vᵀ); z is saved for `factored_conv_backward`.
    fn factored_conv_forward(
        x: FloatTensor<Self>,
        factors: Factors<Self>,
        bias: Option<FloatTensor<Self>>,
        params: ConvParams,
    ) -> [FloatTensor<Self>; 2] {
        let Factors { u, s, vt } = factors;
        let vt = Self::kernel(vt, params.kernel_size);
        let z = Self::conv2d(x, vt, None, params.options());
        let scaled = Self::float_mul(z.clone(), channels::<Self>(s));
        let u = Self::kernel(u, 1);
        let y = Self::conv2d(scaled, u, bias, ConvParams::POINTWISE.options());
        [y, z]
    }

    /// ∂x of shape `x` (`None` if it is not needed) and ∂s from ∂y.
    fn factored_conv_backward(
        grad: FloatTensor<Self>,
        z: FloatTensor<Self>,
        factors: Factors<Self>,
        x: Option<Shape>,
        params: ConvParams,
    ) -> [Option<FloatTensor<Self>>; 2] {
        let Factors { u, s, vt } = factors;
        let rank = s.shape();
        let u = Self::kernel(u, 1);
        let options = ConvParams::POINTWISE.options();
        let g = Self::conv2d_x_backward(z.clone(), u, grad, options);
        let product = Self::float_mul(g.clone(), z);
        let ds = [0, 2, 3].into_iter().fold(product, Self::float_sum_dim);
        let dx = x.map(|x| {
            let scaled = Self::float_mul(g, channels::<Self>(s));
            Self::conv_backward(scaled, vt, x, params)
        });
        [dx, Some(Self::float_reshape(ds, rank))]
    }
}

/// `[n]` to `[1, n, 1, 1]`.
fn channels<B: ConvKernels>(values: FloatTensor<B>) -> FloatTensor<B> {
    let n = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, n, 1, 1]))
}

/// `[rows, c·k·k]` to `[rows, c, k, k]`.
pub(super) fn reshape_kernel<B: MatrixOperand>(matrix: FloatTensor<B>, k: usize) -> FloatTensor<B> {
    let [rows, fan_in] = matrix.shape().dims();
    B::float_reshape(matrix, Shape::from([rows, fan_in / (k * k), k, k]))
}
