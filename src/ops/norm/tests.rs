//! [`crate::ops::norm`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::activation::silu;
use burn::tensor::{Device, Distribution};

use crate::ops::close::assert_close;
use crate::ops::norm::*;

fn random<const D: usize>(shape: [usize; D], mean: f64) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(mean, 1.5), &Device::flex())
}

/// The operation composed of Burn's own.
fn composed(x: Tensor<3>, weight: Tensor<1>, bias: Tensor<1>, norm: NormParams) -> Tensor<3> {
    let [batch, channels, inner] = x.dims();
    let rows = x.reshape([batch * norm.groups, channels / norm.groups * inner]);
    let centred = rows.clone() - rows.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let x = (centred / (variance + norm.eps).sqrt()).reshape([batch, channels, inner]);
    let y = x * weight.reshape([1, -1, 1]) + bias.reshape([1, -1, 1]);
    if norm.silu { silu(y) } else { y }
}

#[test]
fn values_and_gradients_are_those_of_burns_operations() {
    for (batch, groups, channels, inner) in
        [(2, 4, 12, 35), (1, 3, 3, 64), (300, 1, 19, 1), (2, 1, 7, 9)]
    {
        for silu in [false, true] {
            let norm = NormParams {
                groups,
                inner,
                eps: 1e-5,
                silu,
            };
            let x = random([batch, channels, inner], 3.0)
                .autodiff()
                .require_grad();
            let weight = random([channels], 0.0).autodiff().require_grad();
            let bias = random([channels], 0.0);
            let seed = random([batch, channels, inner], 0.0);
            let [own, burns] = [normalize::<3>, composed].map(|f| {
                let y = f(x.clone(), weight.clone(), bias.clone(), norm);
                let gradients = (y.clone() * seed.clone()).sum().backward();
                [
                    y.inner().reshape([-1]),
                    x.grad(&gradients).unwrap().reshape([-1]),
                    weight.grad(&gradients).unwrap(),
                ]
            });
            for ((own, burns), what) in own.into_iter().zip(burns).zip(["y", "∂x", "∂w"]) {
                let own: Tensor<1> = own;
                assert_close(own, burns, 2e-5, &format!("{what} of {norm:?}"));
            }
        }
    }
}
