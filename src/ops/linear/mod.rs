//! Linear layers with a constant weight, whole or in factored form, and a weight computed from its
//! factors.
//!
//! | function | formula | saved for the backward pass |
//! |---|---|---|
//! | [`linear`] | y = x Wᵀ | W as stored |
//! | [`factored_linear`] | y = ((x V) ⊙ s) Uᵀ + b | z = x V, and U, s, Vᵀ as stored |
//! | [`reconstruct`] | W = U diag(s) Vᵀ | U and Vᵀ as stored |
//!
//! Burn's operations save both operands of a product: the input for a weight gradient that a constant
//! matrix never gets, and the matrix in F32. These operations save the matrix as it is stored,
//! F32 or F16, and widen it again, so no F32 copy outlives an operation. The backward pass of
//! `factored_linear` is
//!
//! ```text
//! g = ∂y U      ∂s = Σ g ⊙ z      ∂x = (s ⊙ g) Vᵀ
//! ```
//!
//! and that of `reconstruct` is ∂s = Σ (∂W V) ⊙ U, summed over the rows.
//!
//! | file | content |
//! |---|---|
//! | `generic` | both passes, composed of Burn's operations |
//! | `cpu` | kernels for Burn's flex backend |
//! | `autodiff` | what is saved for the backward pass |

mod autodiff;
mod cpu;
mod generic;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::ops::linear::generic::LinearKernels;
use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::stored_matrix::{Matrix, StoredMatrix};
use crate::ops::optional_tensor::OptionalTensor;

/// `x Wᵀ`; only x gets a gradient. A tracked `weight` (one that was computed inside the autodiff
/// graph) gets one too: Burn's own product is used then.
///
/// # Shapes
/// `x`: `[n, c_in]`; `weight`: `[c_out, c_in]`; result: `[n, c_out]`.
pub(crate) fn linear(x: Tensor<2>, weight: &Matrix) -> Tensor<2> {
    if weight.is_tracked() {
        return x.matmul(weight.f32().transpose());
    }
    let y = <Dispatch as LinearOps>::linear(x.into_dispatch(), weight.to_dispatch());
    Tensor::from_dispatch(y)
}

/// `((x V) ⊙ s) Uᵀ + b`; x and s get gradients.
///
/// # Shapes
/// `x`: `[n, c_in]`; `u`: `[c_out, r]`; `vt`: `[r, c_in]`; `s`: `[r]`; `bias`: `[c_out]`; result:
/// `[n, c_out]`.
pub(crate) fn factored_linear(
    x: Tensor<2>,
    [u, vt]: [&Matrix; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as LinearOps>::factored_linear(
        x.into_dispatch(),
        u.to_dispatch(),
        s.into_dispatch(),
        vt.to_dispatch(),
        OptionalTensor::from(bias),
    ))
}

/// The weight U diag(s) Vᵀ; s gets a gradient.
///
/// # Shapes
/// `u`: `[rows, r]`; `vt`: `[r, cols]`; `s`: `[r]`; result: `[rows, cols]`.
pub fn reconstruct([u, vt]: [&Matrix; 2], s: Tensor<1>) -> Tensor<2> {
    let w =
        <Dispatch as LinearOps>::reconstruct(s.into_dispatch(), u.to_dispatch(), vt.to_dispatch());
    Tensor::from_dispatch(w)
}

/// The operations on a backend, with or without autodiff.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(crate) trait LinearOps: Backend {
    fn linear(
        x: FloatTensor<Self>,
        #[extension_type] weight: StoredMatrix<Self>,
    ) -> FloatTensor<Self>;

    fn factored_linear(
        x: FloatTensor<Self>,
        #[extension_type] u: StoredMatrix<Self>,
        s: FloatTensor<Self>,
        #[extension_type] vt: StoredMatrix<Self>,
        #[extension_type] bias: OptionalTensor<Self>,
    ) -> FloatTensor<Self>;

    fn reconstruct(
        s: FloatTensor<Self>,
        #[extension_type] u: StoredMatrix<Self>,
        #[extension_type] vt: StoredMatrix<Self>,
    ) -> FloatTensor<Self>;
}

macro_rules! without_autodiff {
    ($backend:ty) => {
        impl LinearOps for $backend {
            fn linear(x: FloatTensor<Self>, weight: StoredMatrix<Self>) -> FloatTensor<Self> {
                Self::linear_forward(x, weight)
            }

            fn factored_linear(
                x: FloatTensor<Self>,
                u: StoredMatrix<Self>,
                s: FloatTensor<Self>,
                vt: StoredMatrix<Self>,
                bias: OptionalTensor<Self>,
            ) -> FloatTensor<Self> {
                let factors = Factors { u, s, vt };
                let [y, _] = Self::factored_linear_forward(x, factors, bias.into_option());
                y
            }

            fn reconstruct(
                s: FloatTensor<Self>,
                u: StoredMatrix<Self>,
                vt: StoredMatrix<Self>,
            ) -> FloatTensor<Self> {
                Self::reconstruct_forward(s, u, vt)
            }
        }
    };
}
without_autodiff!(Flex);
#[cfg(feature = "gpu")]
without_autodiff!(burn::backend::Cube);

#[cfg(test)]
mod tests;
