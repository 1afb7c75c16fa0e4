//! What [`crate::ops::linear`]'s operations compute, forward and backward, put together from Burn's own.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;

use crate::ops::conv::im2col::Window;
use crate::ops::f16::Halves;
use crate::ops::matmul::stored_matrix::Held;

/// U, s and Vᵀ on one backend, and what kind of layer they make: a convolution with `window`, or
/// a linear layer.
#[derive(Clone, Debug)]
pub(crate) struct Factors<B: Halves> {
    /// `[c_out, r]`.
    pub(crate) u: Held<B>,
    /// `[r]`.
    pub(crate) s: FloatTensor<B>,
    /// `[r, fan_in]`.
    pub(crate) vt: Held<B>,
    /// The convolution's shape.
    pub(crate) window: Option<Window>,
}

/// What a backend must be able to do: the forward and backward passes, without a graph.
pub(crate) trait Frozen: Halves {
    /// A matrix's numbers for the one product that follows: the next call may write over them.
    fn at_hand(matrix: Held<Self>) -> FloatTensor<Self> {
        matrix.f32()
    }

    /// `[rows, c·k·k]` as a convolution's kernel `[rows, c, k, k]`, likewise for the one that follows.
    fn kernel_at_hand(matrix: Held<Self>, k: usize) -> FloatTensor<Self> {
        kernel::<Self>(matrix.f32(), k)
    }

    /// x Wᵀ.
    fn linear_forward(x: FloatTensor<Self>, weight: Held<Self>) -> FloatTensor<Self> {
        Self::float_matmul(x, Self::float_transpose(Self::at_hand(weight)))
    }

    /// ∂x from ∂y.
    fn linear_backward(grad: FloatTensor<Self>, weight: Held<Self>) -> FloatTensor<Self> {
        Self::float_matmul(grad, Self::at_hand(weight))
    }

    /// conv(x, kernel) + bias.
    fn conv_forward(
        x: FloatTensor<Self>,
        weight: Held<Self>,
        bias: Option<FloatTensor<Self>>,
        window: Window,
    ) -> FloatTensor<Self> {
        let weight = Self::kernel_at_hand(weight, window.kernel_size);
        Self::conv2d(x, weight, bias, options(window))
    }

    /// ∂x of shape `x` from ∂y.
    fn conv_backward(
        grad: FloatTensor<Self>,
        weight: Held<Self>,
        x: Shape,
        window: Window,
    ) -> FloatTensor<Self> {
        let weight = Self::kernel_at_hand(weight, window.kernel_size);
        // Only the shape of x is read.
        let x = Self::float_empty(x, &grad.device(), grad.dtype().into());
        Self::conv2d_x_backward(x, weight, grad, options(window))
    }

    /// y and z = Vᵀx, the latter to be given back to `factored_backward`.
    fn factored_forward(
        x: FloatTensor<Self>,
        factors: Factors<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> [FloatTensor<Self>; 2] {
        let Factors { u, s, vt, window } = factors;
        let Some(window) = window else {
            let z = Self::float_matmul(x, Self::float_transpose(Self::at_hand(vt)));
            let scaled = Self::float_mul(z.clone(), row::<Self>(s));
            let y = Self::float_matmul(scaled, Self::float_transpose(Self::at_hand(u)));
            let y = match bias {
                Some(bias) => Self::float_add(y, row::<Self>(bias)),
                None => y,
            };
            return [y, z];
        };
        let z = Self::conv2d(
            x,
            Self::kernel_at_hand(vt, window.kernel_size),
            None,
            options(window),
        );
        let scaled = Self::float_mul(z.clone(), channels::<Self>(s));
        [
            Self::conv2d(scaled, Self::kernel_at_hand(u, 1), bias, options(POINTWISE)),
            z,
        ]
    }

    /// ∂x of shape `x` (if asked for) and ∂s from ∂y.
    fn factored_backward(
        grad: FloatTensor<Self>,
        z: FloatTensor<Self>,
        factors: Factors<Self>,
        x: Option<Shape>,
    ) -> [Option<FloatTensor<Self>>; 2] {
        let Factors { u, s, vt, window } = factors;
        let rank = s.shape();
        let Some(window) = window else {
            let g = Self::float_matmul(grad, Self::at_hand(u));
            let ds = Self::float_sum_dim(Self::float_mul(g.clone(), z), 0);
            let dx = x.map(|_| {
                let scaled = Self::float_mul(g, row::<Self>(s));
                Self::float_matmul(scaled, Self::at_hand(vt))
            });
            return [dx, Some(Self::float_reshape(ds, rank))];
        };
        let g = Self::conv2d_x_backward(
            z.clone(),
            Self::kernel_at_hand(u, 1),
            grad,
            options(POINTWISE),
        );
        let product = Self::float_mul(g.clone(), z);
        let ds = [0, 2, 3].into_iter().fold(product, Self::float_sum_dim);
        let dx = x.map(|x| {
            let scaled = Self::float_mul(g, channels::<Self>(s));
            Self::conv_backward(scaled, vt, x, window)
        });
        [dx, Some(Self::float_reshape(ds, rank))]
    }

    /// U diag(s) Vᵀ.
    fn rebuilt_forward(s: FloatTensor<Self>, u: Held<Self>, vt: Held<Self>) -> FloatTensor<Self> {
        Self::float_matmul(Self::float_mul(u.f32(), row::<Self>(s)), vt.f32())
    }

    /// ∂s from ∂W.
    fn rebuilt_backward(
        grad: FloatTensor<Self>,
        u: Held<Self>,
        vt: Held<Self>,
    ) -> FloatTensor<Self> {
        let [_, rank] = u.dims();
        let scaled = Self::float_matmul(grad, Self::float_transpose(vt.f32()));
        let ds = Self::float_sum_dim(Self::float_mul(scaled, u.f32()), 0);
        Self::float_reshape(ds, Shape::from([rank]))
    }
}

pub(crate) const POINTWISE: Window = Window {
    kernel_size: 1,
    stride: 1,
    padding: 0,
};

pub(crate) fn options(window: Window) -> ConvOptions<2> {
    ConvOptions::new([window.stride; 2], [window.padding; 2], [1; 2], 1)
}

/// `[n]` to `[1, n]`.
fn row<B: Halves>(values: FloatTensor<B>) -> FloatTensor<B> {
    let n = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, n]))
}

/// `[n]` to `[1, n, 1, 1]`.
fn channels<B: Halves>(values: FloatTensor<B>) -> FloatTensor<B> {
    let n = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, n, 1, 1]))
}

/// `[rows, c·k·k]` to `[rows, c, k, k]`.
pub(crate) fn kernel<B: Halves>(matrix: FloatTensor<B>, k: usize) -> FloatTensor<B> {
    let [rows, fan_in] = matrix.shape().dims();
    B::float_reshape(matrix, Shape::from([rows, fan_in / (k * k), k, k]))
}
