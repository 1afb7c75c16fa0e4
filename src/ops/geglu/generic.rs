//! [`crate::ops::geglu`] composed of Burn's operations.

use burn::tensor::{Tensor, activation::gelu};

/// As [`super::geglu`].
pub(super) fn geglu(x: Tensor<3>) -> Tensor<3> {
    let inner = x.dims()[2] / 2;
    let gate = x.clone().narrow(2, inner, inner);
    x.narrow(2, 0, inner) * gelu(gate)
}
