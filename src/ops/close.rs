//! Comparisons of tensors, for tests.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::{Device, Distribution, Tensor};

/// Fails unless ‖found − expected‖∞ ≤ within · ‖expected‖∞ and expected is not 0.
pub(crate) fn assert_close<const D: usize>(
    found: Tensor<D>,
    expected: Tensor<D>,
    within: f32,
    what: &str,
) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let error = (found.inner() - expected.clone().inner()).abs().max();
    let size = expected.inner().abs().max();
    let [error, size] = [error, size].map(|of| of.into_data().try_to_vec::<f32>().unwrap()[0]);
    assert!(
        size > 0.0 && error <= within * size,
        "{what}: {error} of {size}"
    );
}

/// Fails unless ‖a − b‖ ≤ 1e-5 ‖b‖ and b is not 0.
pub(crate) fn assert_close_l2<const D: usize>(a: Tensor<D>, b: Tensor<D>, what: &str) {
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

/// Fails unless y, ∂x and ∂s of `own` are those of `parts`, as in [`assert_close_l2`].
pub(crate) fn assert_gradients_close<const D: usize>(
    own: Tensor<D>,
    parts: Tensor<D>,
    x: Tensor<D>,
    s: Tensor<1>,
    what: &str,
) {
    assert_close_l2(own.clone(), parts.clone(), what);
    let normal = Distribution::Normal(0.0, 1.0);
    let grad = Tensor::random(own.dims(), normal, &Device::flex());
    let [own, parts] = [own, parts].map(|y| {
        let grads = (y * grad.clone()).sum().backward();
        (x.grad(&grads).unwrap(), s.grad(&grads).unwrap())
    });
    assert_close_l2(own.0, parts.0, &format!("∂x, {what}"));
    assert_close_l2(own.1, parts.1, &format!("∂s, {what}"));
}
