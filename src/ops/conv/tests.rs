//! [`crate::ops::conv`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, module};

use crate::ops::close::{assert_close_l2, assert_gradients_close};
use crate::ops::conv::*;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// A kernel `[c_out, c_in, k, k]` as a layer holds it.
fn matrix(kernel: &Tensor<4>) -> Matrix {
    kernel.clone().flatten(1, 3).into()
}

fn all_params() -> impl Iterator<Item = ConvParams> {
    [1, 3].into_iter().flat_map(|kernel_size| {
        [(1, 0), (1, 1), (2, 0), (2, 1)]
            .into_iter()
            .map(move |(stride, padding)| ConvParams {
                kernel_size,
                stride,
                padding,
            })
    })
}

#[test]
fn the_convolution_and_its_gradient_are_burns() {
    for params in all_params() {
        for [batch, height, width] in [[1, 8, 8], [2, 5, 7], [3, 4, 9]] {
            let (kernel, bias) = (
                random([6, 5, params.kernel_size, params.kernel_size]),
                random([6]),
            );
            let x = random([batch, 5, height, width]).autodiff().require_grad();
            let own = conv2d(x.clone(), &matrix(&kernel), Some(bias.clone()), params);
            let burns = module::conv2d(x.clone(), kernel.clone(), Some(bias), params.options());
            assert_close_l2(own.clone(), burns.clone(), &format!("{params:?}"));
            let grad = random(burns.dims());
            let grads = [own, burns].map(|y| x.grad(&(y * grad.clone()).sum().backward()).unwrap());
            let [own, burns] = grads;
            assert_close_l2(own, burns, &format!("gradient, {params:?}"));
        }
    }
}

#[test]
fn a_convolution_without_graph_or_bias_is_burns() {
    let (x, kernel) = (random([2, 3, 6, 5]), random([4, 3, 3, 3]));
    let burns = module::conv2d(
        x.clone(),
        kernel.clone(),
        None,
        ConvOptions::new([2; 2], [1; 2], [1; 2], 1),
    );
    let params = ConvParams {
        kernel_size: 3,
        stride: 2,
        padding: 1,
    };
    let own = conv2d(x, &matrix(&kernel), None, params);
    assert_close_l2(own, burns, "conv");
}

#[test]
fn a_tracked_kernel_keeps_its_gradient() {
    let (x, kernel) = (
        random([2, 3, 6, 5]),
        random([4, 3, 3, 3]).autodiff().require_grad(),
    );
    let params = ConvParams {
        kernel_size: 3,
        stride: 1,
        padding: 1,
    };
    let grads = conv2d(x, &matrix(&kernel), None, params).sum().backward();
    assert!(kernel.grad(&grads).is_some());
}

#[test]
fn a_factored_convolution_and_its_gradients_are_those_of_its_parts() {
    for params in all_params() {
        for [batch, height, width] in [[1, 8, 8], [2, 5, 7], [5, 4, 3]] {
            let k = params.kernel_size;
            let (u, vt, bias) = (random([6, 4]), random([4, 5 * k * k]), random([6]));
            let s = random([4]).autodiff().require_grad();
            let x = random([batch, 5, height, width]).autodiff().require_grad();
            let own = factored_conv2d(
                x.clone(),
                [&u.clone().into(), &vt.clone().into()],
                s.clone(),
                Some(bias.clone()),
                params,
            );
            let z = module::conv2d(x.clone(), vt.reshape([4, 5, k, k]), None, params.options());
            let parts = module::conv2d(
                z * s.clone().reshape([1, -1, 1, 1]),
                u.reshape([6, 4, 1, 1]),
                Some(bias),
                ConvParams::POINTWISE.options(),
            );
            assert_gradients_close(own, parts, x, s, &format!("{params:?}"));
        }
    }
}
