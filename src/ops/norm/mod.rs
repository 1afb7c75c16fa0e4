//! Normalization, scale and shift, optionally followed by SiLU, as one operation (torch's
//! `GroupNorm` and `LayerNorm`).
//!
//! With x̂ = (x − mean) / √(variance + ε), n = w x̂ + b, and y = n or y = n σ(n):
//!
//! ```text
//! g = ∂y · dy/dn      ∂w = Σ g x̂      ∂x = (w g − mean(w g) − x̂ mean(w g x̂)) / √(variance + ε)
//! ```
//!
//! Composed of Burn's operations, a GroupNorm with SiLU makes ten passes over the tensor forward
//! and twice as many backward. The kernels make three each way and save only x.
//!
//! | file | content |
//! |---|---|
//! | `generic` | composed of Burn's operations, for devices without kernels |
//! | `cpu` | kernels for Burn's flex backend |
//! | `autodiff` | what is saved for the backward pass |

mod autodiff;
mod cpu;
mod generic;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

use crate::ops::flex_tensor::has_cpu_kernels;

/// Which elements share a mean. x is `[rows, channels / groups, inner]`, and row i belongs to group
/// i mod `groups`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormParams {
    /// Groups of channels; 1 for a LayerNorm.
    pub(crate) groups: usize,
    /// Pixels per channel; 1 for a LayerNorm.
    pub(crate) inner: usize,
    /// ε, added to the variance.
    pub(crate) eps: f32,
    /// Whether SiLU follows.
    pub(crate) silu: bool,
}

/// GroupNorm over `num_groups` groups of channels, followed by SiLU with `silu`.
///
/// # Shapes
/// `x`: `[batch, channels, height, width]`, also of the result; `weight` and `bias`: `[channels]`.
/// x and weight get gradients.
pub(crate) fn group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    num_groups: usize,
    eps: f64,
    silu: bool,
) -> Tensor<4> {
    if !has_cpu_kernels(&x.device()) {
        return generic::group_norm(x, weight, bias, num_groups, eps, silu);
    }
    let [_, _, height, width] = x.dims();
    let params = NormParams {
        groups: num_groups,
        inner: height * width,
        eps: eps as f32,
        silu,
    };
    normalize(x, weight, bias, params)
}

/// LayerNorm over the last dimension.
///
/// # Shapes
/// `x`: `[batch, tokens, channels]`, also of the result; `weight` and `bias`: `[channels]`. x and
/// weight get gradients.
pub(crate) fn layer_norm(x: Tensor<3>, weight: Tensor<1>, bias: Tensor<1>, eps: f64) -> Tensor<3> {
    if !has_cpu_kernels(&x.device()) {
        return generic::layer_norm(x, weight, bias, eps);
    }
    let params = NormParams {
        groups: 1,
        inner: 1,
        eps: eps as f32,
        silu: false,
    };
    normalize(x, weight, bias, params)
}

/// The operation on a device with kernels; shape-preserving.
fn normalize<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    params: NormParams,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as NormOps>::norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        params,
    ))
}

/// The operation on a backend, with or without autodiff.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait NormOps: Backend {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        params: NormParams,
    ) -> FloatTensor<Self>;
}

impl NormOps for Flex {
    fn norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        params: NormParams,
    ) -> FloatTensor<Self> {
        Self::norm_forward(x, weight, bias, params).0
    }
}

/// The forward and backward pass on a backend, without autodiff.
pub(crate) trait NormKernels: Backend {
    /// y, and what the backward pass needs.
    fn norm_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        params: NormParams,
    ) -> (FloatTensor<Self>, SavedForBackward<Self>);

    /// ∂x and ∂w from ∂y.
    fn norm_backward(
        grad: FloatTensor<Self>,
        saved: SavedForBackward<Self>,
        params: NormParams,
    ) -> [FloatTensor<Self>; 2];
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
pub(crate) struct SavedForBackward<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    pub(crate) weight: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
    /// Mean and 1 / √(variance + ε) of each row, `[rows, 2]`.
    pub(crate) statistics: FloatTensor<B>,
}

#[cfg(test)]
mod tests;
