//! Operations of our own on frozen matrices: a linear layer, a convolution, a whole factored layer,
//! and a weight built of its factors.
//!
//! Burn's own keep both parents for the backward pass: the input for a weight gradient that a frozen
//! matrix never gets, and the matrix as it was computed with. These keep the matrix as it is stored,
//! [`Held`], and widen it again: no F32 copy outlives an operation. [`factored`] is the layer
//! y = U (s ⊙ Vᵀx) + b in one step: it keeps z = Vᵀx only, r numbers per token or pixel, and its
//! backward pass is
//!
//! ```text
//! g = Uᵀ ∂y      ∂s = Σ g ⊙ z      ∂x = V (s ⊙ g)
//! ```
//!
//! and that of [`rebuilt`], W = U diag(s) Vᵀ, ∂s = Σ (∂W V) ⊙ U over the rows.
//!
//! | file | what |
//! |---|---|
//! | `frozen_passes` | forward and backward, put together from Burn's operations |
//! | `frozen_flex` | the same by kernels for the CPU |
//! | `frozen_graph` | what is kept for the backward pass |

pub(crate) mod autodiff;
pub(crate) mod cpu;
pub(crate) mod generic;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;

use std::sync::atomic::{AtomicUsize, Ordering};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

use crate::ops::conv::im2col::Window;
use crate::ops::linear::generic::{Factors, Frozen};
use crate::ops::matmul::stored_matrix::{Held, Matrix};
use crate::weights::Stored;

/// Numbers of the largest matrix that was loaded and that a GPU writes down anew for each product.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// A matrix was loaded: the kernel of a convolution over more than one pixel if `spatial`.
pub(crate) fn foresee(matrix: &Matrix, spatial: bool) {
    if spatial || matrix.stored() == Stored::F16 {
        let [rows, cols] = matrix.dims();
        LARGEST.fetch_max(rows * cols, Ordering::Relaxed);
    }
}

/// Numbers that the place of the largest such matrix takes.
#[cfg(feature = "gpu")]
pub(crate) fn foreseen() -> usize {
    LARGEST.load(Ordering::Relaxed)
}

/// `x Wᵀ` of x `[n, c_in]` and W `[c_out, c_in]`.
///
/// Only x gets a gradient. A matrix that is tracked (a weight rebuilt inside the graph) takes Burn's
/// own product instead.
pub(crate) fn frozen_linear(x: Tensor<2>, weight: &Matrix) -> Tensor<2> {
    if weight.is_tracked() {
        return x.matmul(weight.f32().transpose());
    }
    let y = <Dispatch as FrozenOps>::linear(x.into_dispatch(), weight.held());
    Tensor::from_dispatch(y)
}

/// Convolves `[batch, c_in, h, w]` with `[c_out, c_in·k·k]` and adds `bias` `[c_out]`.
///
/// Only x gets a gradient; of a tracked kernel as in [`frozen_linear`].
pub(crate) fn frozen_conv2d(
    x: Tensor<4>,
    kernel: &Matrix,
    bias: Option<Tensor<1>>,
    window: Window,
) -> Tensor<4> {
    if kernel.is_tracked() {
        let ([c_out, _], [_, c_in, _, _]) = (kernel.dims(), x.dims());
        let Window {
            kernel_size: k,
            stride,
            padding,
        } = window;
        let kernel = kernel.f32().reshape([c_out, c_in, k, k]);
        let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
        return burn::tensor::module::conv2d(x, kernel, bias, options);
    }
    let y =
        <Dispatch as FrozenOps>::conv(x.into_dispatch(), kernel.held(), Bias::from(bias), window);
    Tensor::from_dispatch(y)
}

/// `y = ((x V) ⊙ s) Uᵀ + b` over the last dimension of x `[n, c_in]`; x and s get gradients.
pub(crate) fn factored_linear(
    x: Tensor<2>,
    [u, vt]: [&Matrix; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
) -> Tensor<2> {
    Tensor::from_dispatch(factored(x, [u, vt], s, bias, None))
}

/// A convolution with Vᵀ `[r, c_in·k·k]`, times s, then a 1×1 convolution with U; x
/// `[batch, c_in, h, w]` and s get gradients.
pub(crate) fn factored_conv2d(
    x: Tensor<4>,
    [u, vt]: [&Matrix; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
    window: Window,
) -> Tensor<4> {
    Tensor::from_dispatch(factored(x, [u, vt], s, bias, Some(window)))
}

fn factored<const D: usize>(
    x: Tensor<D>,
    [u, vt]: [&Matrix; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
    window: Option<Window>,
) -> FloatTensor<Dispatch> {
    <Dispatch as FrozenOps>::factored(
        x.into_dispatch(),
        u.held(),
        s.into_dispatch(),
        vt.held(),
        Bias::from(bias),
        window,
    )
}

/// W = U diag(s) Vᵀ, `[rows, cols]`, inside the graph: s gets a gradient.
pub fn rebuilt([u, vt]: [&Matrix; 2], s: Tensor<1>) -> Tensor<2> {
    let w = <Dispatch as FrozenOps>::rebuilt(s.into_dispatch(), u.held(), vt.held());
    Tensor::from_dispatch(w)
}

/// An optional `[c_out]`, in a form that Burn's dispatch can take apart.
#[derive(ExtensionType)]
pub(crate) enum Bias<B: Backend> {
    Some(FloatTensor<B>),
    None,
}

impl From<Option<Tensor<1>>> for Bias<Dispatch> {
    fn from(bias: Option<Tensor<1>>) -> Self {
        bias.map_or(Self::None, |bias| Self::Some(bias.into_dispatch()))
    }
}

impl<B: Backend> Bias<B> {
    pub(crate) fn into_option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Some(bias) => Some(bias),
            Self::None => None,
        }
    }
}

/// The operations, sent to the backend that holds the tensors.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait FrozenOps: Backend {
    fn linear(x: FloatTensor<Self>, #[extension_type] weight: Held<Self>) -> FloatTensor<Self>;

    fn conv(
        x: FloatTensor<Self>,
        #[extension_type] kernel: Held<Self>,
        #[extension_type] bias: Bias<Self>,
        window: Window,
    ) -> FloatTensor<Self>;

    fn factored(
        x: FloatTensor<Self>,
        #[extension_type] u: Held<Self>,
        s: FloatTensor<Self>,
        #[extension_type] vt: Held<Self>,
        #[extension_type] bias: Bias<Self>,
        window: Option<Window>,
    ) -> FloatTensor<Self>;

    fn rebuilt(
        s: FloatTensor<Self>,
        #[extension_type] u: Held<Self>,
        #[extension_type] vt: Held<Self>,
    ) -> FloatTensor<Self>;
}

macro_rules! without_graph {
    ($backend:ty) => {
        impl FrozenOps for $backend {
            fn linear(x: FloatTensor<Self>, weight: Held<Self>) -> FloatTensor<Self> {
                Self::linear_forward(x, weight)
            }

            fn conv(
                x: FloatTensor<Self>,
                kernel: Held<Self>,
                bias: Bias<Self>,
                window: Window,
            ) -> FloatTensor<Self> {
                Self::conv_forward(x, kernel, bias.into_option(), window)
            }

            fn factored(
                x: FloatTensor<Self>,
                u: Held<Self>,
                s: FloatTensor<Self>,
                vt: Held<Self>,
                bias: Bias<Self>,
                window: Option<Window>,
            ) -> FloatTensor<Self> {
                let [y, _] =
                    Self::factored_forward(x, Factors { u, s, vt, window }, bias.into_option());
                y
            }

            fn rebuilt(s: FloatTensor<Self>, u: Held<Self>, vt: Held<Self>) -> FloatTensor<Self> {
                Self::rebuilt_forward(s, u, vt)
            }
        }
    };
}
without_graph!(burn::backend::Flex);
#[cfg(feature = "gpu")]
without_graph!(burn::backend::Cube);

#[cfg(test)]
mod tests;
