//! For tests: whether two tensors hold the same numbers.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::Tensor;

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
