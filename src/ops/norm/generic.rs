//! [`crate::ops::norm`] composed of Burn's operations.

use burn::tensor::{Tensor, activation};

/// As [`super::group_norm`].
pub(super) fn group_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    num_groups: usize,
    eps: f64,
    silu: bool,
) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let x = x.reshape([batch, num_groups, channels / num_groups * height * width]);
    let x = standardize(x, eps).reshape([batch, channels, height, width]);
    let y = x * weight.reshape([1, -1, 1, 1]) + bias.reshape([1, -1, 1, 1]);
    if silu { activation::silu(y) } else { y }
}

/// As [`super::layer_norm`].
pub(super) fn layer_norm(x: Tensor<3>, weight: Tensor<1>, bias: Tensor<1>, eps: f64) -> Tensor<3> {
    standardize(x, eps) * weight.unsqueeze() + bias.unsqueeze()
}

/// Zero mean and unit (biased) variance over the last dimension.
fn standardize(x: Tensor<3>, eps: f64) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = (centred.clone() * centred.clone()).mean_dim(2);
    centred / (variance + eps).sqrt()
}
