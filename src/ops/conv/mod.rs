//! 2-D convolutions with a constant kernel, whole or in factored form.
//!
//! A kernel is a matrix `[c_out, c_in·k·k]`, as an SVD needs it.
//!
//! | function | formula | saved for the backward pass |
//! |---|---|---|
//! | [`conv2d`] | y = conv(x, W) + b | W as stored |
//! | [`factored_conv2d`] | y = conv₁ₓ₁(s ⊙ conv(x, Vᵀ), U) + b | z = conv(x, Vᵀ), and U, s, Vᵀ as stored |
//!
//! As in [`crate::ops::linear`], no F32 copy of a kernel and no input outlives an operation. The
//! backward pass of `factored_conv2d` is, with conv* the transposed convolution,
//!
//! ```text
//! g = Uᵀ ∂y      ∂s = Σ g ⊙ z      ∂x = conv*(s ⊙ g, Vᵀ)
//! ```
//!
//! | file | content |
//! |---|---|
//! | `generic` | both passes, composed of Burn's operations |
//! | `cpu` | kernels for Burn's flex backend: im2col and a product of matrices |
//! | `im2col` | a picture as a matrix of patches, and back |
//! | `gpu` | kernels in the layout that Burn's GPU convolutions read |
//! | `autodiff` | what is saved for the backward pass |

mod autodiff;
mod cpu;
mod generic;
#[cfg(feature = "gpu")]
mod gpu;
mod im2col;
mod params;

pub(crate) use params::ConvParams;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::ops::conv::generic::ConvKernels;
use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::stored_matrix::{Matrix, StoredMatrix};
use crate::ops::optional_tensor::OptionalTensor;

/// A convolution plus bias; only x gets a gradient. A tracked `kernel` (one that was computed
/// inside the autodiff graph) gets one too: Burn's own convolution is used then.
///
/// # Shapes
/// `x`: `[batch, c_in, height, width]`; `kernel`: `[c_out, c_in·k·k]`; `bias`: `[c_out]`; result:
/// `[batch, c_out, height', width']`.
pub(crate) fn conv2d(
    x: Tensor<4>,
    kernel: &Matrix,
    bias: Option<Tensor<1>>,
    params: ConvParams,
) -> Tensor<4> {
    if kernel.is_tracked() {
        let ([c_out, _], [_, c_in, _, _]) = (kernel.dims(), x.dims());
        let k = params.kernel_size;
        let kernel = kernel.f32().reshape([c_out, c_in, k, k]);
        return burn::tensor::module::conv2d(x, kernel, bias, params.options());
    }
    Tensor::from_dispatch(<Dispatch as ConvOps>::conv(
        x.into_dispatch(),
        kernel.to_dispatch(),
        OptionalTensor::from(bias),
        params,
    ))
}

/// A convolution with the kernel U diag(s) Vᵀ plus bias; x and s get gradients.
///
/// # Shapes
/// `x`: `[batch, c_in, height, width]`; `u`: `[c_out, r]`; `vt`: `[r, c_in·k·k]`; `s`: `[r]`;
/// `bias`: `[c_out]`; result: `[batch, c_out, height', width']`.
pub(crate) fn factored_conv2d(
    x: Tensor<4>,
    [u, vt]: [&Matrix; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
    params: ConvParams,
) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as ConvOps>::factored_conv(
        x.into_dispatch(),
        u.to_dispatch(),
        s.into_dispatch(),
        vt.to_dispatch(),
        OptionalTensor::from(bias),
        params,
    ))
}

/// The operations on a backend, with or without autodiff.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait ConvOps: Backend {
    fn conv(
        x: FloatTensor<Self>,
        #[extension_type] kernel: StoredMatrix<Self>,
        #[extension_type] bias: OptionalTensor<Self>,
        params: ConvParams,
    ) -> FloatTensor<Self>;

    fn factored_conv(
        x: FloatTensor<Self>,
        #[extension_type] u: StoredMatrix<Self>,
        s: FloatTensor<Self>,
        #[extension_type] vt: StoredMatrix<Self>,
        #[extension_type] bias: OptionalTensor<Self>,
        params: ConvParams,
    ) -> FloatTensor<Self>;
}

macro_rules! without_autodiff {
    ($backend:ty) => {
        impl ConvOps for $backend {
            fn conv(
                x: FloatTensor<Self>,
                kernel: StoredMatrix<Self>,
                bias: OptionalTensor<Self>,
                params: ConvParams,
            ) -> FloatTensor<Self> {
                Self::conv_forward(x, kernel, bias.into_option(), params)
            }

            fn factored_conv(
                x: FloatTensor<Self>,
                u: StoredMatrix<Self>,
                s: FloatTensor<Self>,
                vt: StoredMatrix<Self>,
                bias: OptionalTensor<Self>,
                params: ConvParams,
            ) -> FloatTensor<Self> {
                let factors = Factors { u, s, vt };
                let [y, _] = Self::factored_conv_forward(x, factors, bias.into_option(), params);
                y
            }
        }
    };
}
without_autodiff!(Flex);
#[cfg(feature = "gpu")]
without_autodiff!(burn::backend::Cube);

#[cfg(test)]
mod tests;
