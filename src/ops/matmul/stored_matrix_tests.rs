//! A matrix stored as F16 against one of F32 with the same elements.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use burn::tensor::Distribution;

use crate::ops::conv::{ConvParams, conv2d, factored_conv2d};
use crate::ops::linear::{factored_linear, linear, reconstruct};
use crate::ops::matmul::stored_matrix::*;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// The same elements stored as F16 and as F32.
fn both(shape: [usize; 2]) -> [Matrix; 2] {
    let halves = Matrix::rounded(random(shape), Stored::F16);
    let f32 = halves.f32().into();
    [halves, f32]
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().try_to_vec().unwrap()
}

/// Fails unless `layer` gives the same with both, and so do the gradients of all `leaves`.
fn assert_same<const D: usize, const N: usize>(
    matrices: [[Matrix; 2]; N],
    x: Tensor<D>,
    s: Tensor<1>,
    layer: impl Fn([&Matrix; N], Tensor<D>, Tensor<1>) -> Tensor<D>,
) {
    let (x, s) = (x.autodiff().require_grad(), s.autodiff().require_grad());
    let [halves, f32] = [0, 1].map(|form| {
        let of_form = matrices.each_ref().map(|both| &both[form]);
        let y = layer(of_form, x.clone(), s.clone());
        let plain = layer(of_form, x.clone().inner(), s.clone().inner());
        assert_eq!(values(plain), values(y.clone()), "without a graph");
        let grads = y.clone().powi_scalar(2).sum().backward();
        let gradients = [x.grad(&grads).map(values), s.grad(&grads).map(values)];
        (values(y), gradients)
    });
    assert!(halves.0.iter().any(|y| *y != 0.0));
    assert!(halves.1.iter().any(Option::is_some));
    assert_eq!(halves, f32);
}

#[test]
fn layers_and_their_gradients_are_those_of_the_same_numbers_in_f32() {
    for (rows, cols) in [(6, 9), (7, 3), (5, 5)] {
        assert_same(
            [both([rows, cols])],
            random([4, cols]),
            random([1]),
            |[w], x, _| linear(x, w),
        );
        let rank = rows.min(cols);
        let factors = [both([rows, rank]), both([rank, cols])];
        assert_same(
            factors,
            random([4, cols]),
            random([rank]),
            |factors, x, s| factored_linear(x, factors, s, None),
        );
    }
    let params = ConvParams {
        kernel_size: 3,
        stride: 2,
        padding: 1,
    };
    let x = [2, 3, 6, 5];
    assert_same([both([5, 27])], random(x), random([1]), |[w], x, _| {
        conv2d(x, w, Some(Tensor::ones([5], &Device::flex())), params)
    });
    let factors = [both([5, 5]), both([5, 27])];
    assert_same(factors, random(x), random([5]), |factors, x, s| {
        factored_conv2d(x, factors, s, None, params)
    });
}

#[test]
fn a_weight_built_of_its_factors_is_that_of_burns_operations() {
    for (rows, cols) in [(7, 4), (3, 8)] {
        let rank = rows.min(cols);
        let [u, vt] = [both([rows, rank]), both([rank, cols])];
        let s = random([rank]).autodiff().require_grad();
        let seed = random([rows, cols]);
        let found = |w: Tensor<2>| {
            let grads = (w.clone() * seed.clone()).sum().backward();
            (values(w), values(s.grad(&grads).unwrap()))
        };
        let burns = found((u[1].f32() * s.clone().unsqueeze()).matmul(vt[1].f32()));
        for form in [0, 1] {
            assert_eq!(found(reconstruct([&u[form], &vt[form]], s.clone())), burns);
        }
    }
}

#[test]
fn rows_of_a_table_are_those_of_the_whole() {
    for cols in [4, 5] {
        let [halves, f32] = both([6, cols]);
        let ids = Tensor::<2, Int>::from_data([[5, 0, 3], [1, 1, 2]], &Device::flex());
        assert_eq!(values(halves.rows(ids.clone())), values(f32.rows(ids)));
    }
}

#[test]
fn what_is_stored_is_rounded_once() {
    let given = vec![1.0 + 1.0 / 4096.0, -2.5, 1e-9, 3.0, 0.1];
    let device = Device::flex();
    let halves = Matrix::new(given.clone(), [1, 5], &device, Stored::F16);
    let expected: Vec<f32> = given
        .iter()
        .map(|value| half::f16::from_f32(*value).to_f32())
        .collect();
    assert_eq!(values(halves.f32()), expected);
    let again = Matrix::rounded(halves.f32(), halves.stored());
    assert_eq!(values(again.f32()), expected);
    assert_eq!((again.dims(), again.stored()), ([1, 5], Stored::F16));
    assert_eq!(
        values(Matrix::new(given.clone(), [1, 5], &device, Stored::F32).f32()),
        given
    );
}
