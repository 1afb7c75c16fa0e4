//! Cross-attention maps of one forward pass: how much each pixel looks at each token
//! (prompt-to-prompt, arXiv 2208.01626; diffusers' `AttentionStore`).
//!
//! Only the average over the heads is recorded, and only of attentions over few pixels: the large
//! maps cost most and say least about where an object is.

use std::cell::RefCell;

use burn::tensor::Tensor;

use crate::ops::attention_map::attention_map;

/// The most pixels of a recorded map: 32 × 32.
const MAX_PIXELS: usize = 1024;

/// The map of one cross-attention layer.
#[derive(Clone, Debug)]
pub struct AttentionMap {
    /// Attention weights, `[batch, pixels, tokens]`; over the tokens they sum to 1.
    pub weights: Tensor<3>,
    /// Height and width in latent pixels; the pixels are row-major.
    pub size: [usize; 2],
}

/// Collects the maps of one forward pass.
#[derive(Debug, Default)]
pub struct AttentionMaps {
    maps: RefCell<Vec<AttentionMap>>,
}

impl AttentionMaps {
    /// Records the map of queries `[batch, pixels, channels]` and keys `[batch, tokens, channels]`.
    pub(super) fn add(&self, q: &Tensor<3>, k: &Tensor<3>, heads: usize, size: [usize; 2]) {
        if size[0] * size[1] <= MAX_PIXELS {
            self.maps.borrow_mut().push(AttentionMap {
                weights: attention_map(q.clone(), k.clone(), heads),
                size,
            });
        }
    }

    /// The maps, in the order of the pass.
    pub fn into_maps(self) -> Vec<AttentionMap> {
        self.maps.into_inner()
    }
}
