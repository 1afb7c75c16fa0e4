//! [`crate::ops::attention_map`] composed of Burn's operations.

use burn::tensor::{Tensor, activation::softmax};

/// As [`super::attention_map`].
pub(super) fn attention_map(q: Tensor<3>, k: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, _, channels] = q.dims();
    let width = channels / heads;
    let split = |x: Tensor<3>| {
        let tokens = x.dims()[1];
        x.reshape([batch, tokens, heads, width]).swap_dims(1, 2)
    };
    let scale = (width as f64).sqrt().recip();
    let scores = (split(q) * scale).matmul(split(k).swap_dims(2, 3));
    softmax(scores, 3).mean_dim(1).squeeze_dim(1)
}
