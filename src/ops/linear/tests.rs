//! [`crate::ops::linear`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use burn::tensor::{Device, Distribution};

use crate::ops::close::{assert_close_l2, assert_gradients_close};
use crate::ops::linear::*;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

#[test]
fn a_factored_linear_layer_and_its_gradients_are_those_of_its_parts() {
    for n in [1, 2, 7, 64] {
        let (u, vt, bias) = (random([6, 4]), random([4, 5]), random([6]));
        let s = random([4]).autodiff().require_grad();
        let x = random([n, 5]).autodiff().require_grad();
        let own = factored_linear(
            x.clone(),
            [&u.clone().into(), &vt.clone().into()],
            s.clone(),
            Some(bias.clone()),
        );
        let scaled = x.clone().matmul(vt.transpose()) * s.clone().unsqueeze();
        let parts = scaled.matmul(u.transpose()) + bias.unsqueeze();
        assert_gradients_close(own, parts, x, s, &format!("{n} tokens"));
    }
}

#[test]
fn a_constant_input_or_a_constant_s_is_taken() {
    let (u, vt, s, x) = (random([6, 4]), random([4, 5]), random([4]), random([3, 5]));
    let tracked_s = s.clone().autodiff().require_grad();
    let factors: [&Matrix; 2] = [&u.clone().into(), &vt.clone().into()];
    let grads = factored_linear(x.clone(), factors, tracked_s.clone(), None)
        .sum()
        .backward();
    let expected = (x.clone().matmul(vt.clone().transpose()) * u.clone().sum_dim(0))
        .sum_dim(0)
        .squeeze_dim::<1>(0);
    assert_close_l2(tracked_s.grad(&grads).unwrap(), expected, "∂s");

    let tracked_x = x.clone().autodiff().require_grad();
    let grads = factored_linear(tracked_x.clone(), factors, s.clone(), None)
        .sum()
        .backward();
    let expected = (Tensor::ones([3, 6], &Device::flex()).matmul(u) * s.unsqueeze()).matmul(vt);
    assert_close_l2(tracked_x.grad(&grads).unwrap(), expected, "∂x");
}
