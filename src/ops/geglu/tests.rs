//! [`crate::ops::geglu`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::activation::gelu;
use burn::tensor::{Device, Distribution};

use crate::ops::close::assert_close;
use crate::ops::geglu::*;

/// The operation composed of Burn's own.
fn composed(x: Tensor<3>) -> Tensor<3> {
    let inner = x.dims()[2] / 2;
    x.clone().narrow(2, 0, inner) * gelu(x.narrow(2, inner, inner))
}

#[test]
fn values_and_gradients_are_those_of_burns_operations() {
    for [batch, tokens, inner] in [[1, 1, 1], [2, 35, 24], [3, 300, 7]] {
        let random = |channels, spread| {
            let normal = Distribution::Normal(0.0, spread);
            Tensor::<3>::random([batch, tokens, channels], normal, &Device::flex())
        };
        let x = random(2 * inner, 2.0).autodiff().require_grad();
        let seed = random(inner, 1.0);
        let [own, burns] = [geglu, composed].map(|f| {
            let y = f(x.clone());
            let gradients = (y.clone() * seed.clone()).sum().backward();
            [y.inner(), x.grad(&gradients).unwrap()]
        });
        for ((own, burns), what) in own.into_iter().zip(burns).zip(["y", "∂x"]) {
            let what = format!("{what} of {batch} × {tokens} × {inner}");
            assert_close(own, burns, 1e-5, &what);
        }
    }
}
