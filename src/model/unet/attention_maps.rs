//! Where the words look: the weights of the attentions to the text, kept from one forward pass
//! (the maps of prompt-to-prompt; diffusers' `AttentionStore` examples).
//!
//! Only the average over the heads is kept, and only of attentions over few enough pixels: the large
//! maps cost most and say least about where a thing is.

use std::cell::RefCell;

use burn::tensor::{Tensor, activation::softmax};

/// The most pixels of a map that is kept: 32 × 32.
const MAX_PIXELS: usize = 1024;

/// The map of one attention.
#[derive(Clone, Debug)]
pub struct AttentionMap {
    /// How much each pixel looks at each word, `[batch, pixels, tokens]`; over the words the sum is 1.
    pub weights: Tensor<3>,
    /// Height and width; pixels are row by row.
    pub size: [usize; 2],
}

/// Collects the maps of one forward pass.
#[derive(Debug, Default)]
pub struct AttentionMaps {
    maps: RefCell<Vec<AttentionMap>>,
}

impl AttentionMaps {
    /// Keeps the map of queries `[batch, pixels, channels]` and keys `[batch, tokens, channels]`.
    pub(super) fn add(&self, q: &Tensor<3>, k: &Tensor<3>, heads: usize, size: [usize; 2]) {
        if size[0] * size[1] <= MAX_PIXELS {
            self.maps.borrow_mut().push(AttentionMap {
                weights: mean_weights(q.clone(), k.clone(), heads),
                size,
            });
        }
    }

    /// The maps, in the order of the pass.
    pub fn into_maps(self) -> Vec<AttentionMap> {
        self.maps.into_inner()
    }
}

/// softmax(q kᵀ / √d), averaged over the heads.
fn mean_weights(q: Tensor<3>, k: Tensor<3>, heads: usize) -> Tensor<3> {
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
