//! [`crate::ops::linear`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use burn::tensor::module::conv2d;
use burn::tensor::{Device, Distribution};

use crate::ops::linear::generic::{POINTWISE, options};
use crate::ops::linear::*;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// A kernel `[c_out, c_in, k, k]` as a layer holds it.
fn matrix(kernel: &Tensor<4>) -> Matrix {
    kernel.clone().flatten(1, 3).into()
}

/// Fails unless ‖a − b‖ ≤ 1e-5 ‖b‖ and b is not 0.
fn assert_close<const D: usize>(a: Tensor<D>, b: Tensor<D>, what: &str) {
    assert_eq!(a.dims(), b.dims(), "{what}");
    let (a, b) = (
        a.inner().into_data().try_to_vec::<f32>().unwrap(),
        b.inner().into_data().try_to_vec::<f32>().unwrap(),
    );
    let norm = b.iter().map(|x| x * x).sum::<f32>().sqrt();
    let error = a
        .iter()
        .zip(&b)
        .map(|(x, y)| (x - y).powi(2))
        .sum::<f32>()
        .sqrt();
    assert!(
        norm > 0.0 && error <= 1e-5 * norm,
        "{what}: {error} of {norm}"
    );
}

fn windows() -> impl Iterator<Item = Window> {
    [1, 3].into_iter().flat_map(|kernel_size| {
        [(1, 0), (1, 1), (2, 0), (2, 1)]
            .into_iter()
            .map(move |(stride, padding)| Window {
                kernel_size,
                stride,
                padding,
            })
    })
}

#[test]
fn the_convolution_and_its_gradient_are_burns() {
    for window in windows() {
        for [batch, height, width] in [[1, 8, 8], [2, 5, 7], [3, 4, 9]] {
            let (kernel, bias) = (
                random([6, 5, window.kernel_size, window.kernel_size]),
                random([6]),
            );
            let x = random([batch, 5, height, width]).autodiff().require_grad();
            let own = frozen_conv2d(x.clone(), &matrix(&kernel), Some(bias.clone()), window);
            let burns = conv2d(x.clone(), kernel.clone(), Some(bias), options(window));
            assert_close(own.clone(), burns.clone(), &format!("{window:?}"));
            let grad = random(burns.dims());
            let grads = [own, burns].map(|y| x.grad(&(y * grad.clone()).sum().backward()).unwrap());
            let [own, burns] = grads;
            assert_close(own, burns, &format!("gradient, {window:?}"));
        }
    }
}

#[test]
fn a_convolution_without_graph_or_bias_is_burns() {
    let (x, kernel) = (random([2, 3, 6, 5]), random([4, 3, 3, 3]));
    let burns = conv2d(
        x.clone(),
        kernel.clone(),
        None,
        ConvOptions::new([2; 2], [1; 2], [1; 2], 1),
    );
    let window = Window {
        kernel_size: 3,
        stride: 2,
        padding: 1,
    };
    let own = frozen_conv2d(x, &matrix(&kernel), None, window);
    assert_close(own, burns, "conv");
}

#[test]
fn a_tracked_kernel_keeps_its_gradient() {
    let (x, kernel) = (
        random([2, 3, 6, 5]),
        random([4, 3, 3, 3]).autodiff().require_grad(),
    );
    let window = Window {
        kernel_size: 3,
        stride: 1,
        padding: 1,
    };
    let grads = frozen_conv2d(x, &matrix(&kernel), None, window)
        .sum()
        .backward();
    assert!(kernel.grad(&grads).is_some());
}

#[test]
fn a_factored_convolution_and_its_gradients_are_those_of_its_parts() {
    for window in windows() {
        for [batch, height, width] in [[1, 8, 8], [2, 5, 7], [5, 4, 3]] {
            let k = window.kernel_size;
            let (u, vt, bias) = (random([6, 4]), random([4, 5 * k * k]), random([6]));
            let s = random([4]).autodiff().require_grad();
            let x = random([batch, 5, height, width]).autodiff().require_grad();
            let own = factored_conv2d(
                x.clone(),
                [&u.clone().into(), &vt.clone().into()],
                s.clone(),
                Some(bias.clone()),
                window,
            );
            let z = conv2d(x.clone(), vt.reshape([4, 5, k, k]), None, options(window));
            let parts = conv2d(
                z * s.clone().reshape([1, -1, 1, 1]),
                u.reshape([6, 4, 1, 1]),
                Some(bias),
                options(POINTWISE),
            );
            assert_same(own, parts, x, s, &format!("{window:?}"));
        }
    }
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
        assert_same(own, parts, x, s, &format!("{n} tokens"));
    }
}

/// The operation's outputs, ∂x and ∂s against those of `parts`; then ∂s alone.
fn assert_same<const D: usize>(
    own: Tensor<D>,
    parts: Tensor<D>,
    x: Tensor<D>,
    s: Tensor<1>,
    what: &str,
) {
    assert_close(own.clone(), parts.clone(), what);
    let grad = random(own.dims());
    let [own, parts] = [own, parts].map(|y| {
        let grads = (y * grad.clone()).sum().backward();
        (x.grad(&grads).unwrap(), s.grad(&grads).unwrap())
    });
    assert_close(own.0, parts.0, &format!("∂x, {what}"));
    assert_close(own.1, parts.1, &format!("∂s, {what}"));
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
    assert_close(tracked_s.grad(&grads).unwrap(), expected, "∂s");

    let tracked_x = x.clone().autodiff().require_grad();
    let grads = factored_linear(tracked_x.clone(), factors, s.clone(), None)
        .sum()
        .backward();
    let expected = (Tensor::ones([3, 6], &Device::flex()).matmul(u) * s.unsqueeze()).matmul(vt);
    assert_close(tracked_x.grad(&grads).unwrap(), expected, "∂x");
}
