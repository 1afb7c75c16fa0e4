//! Where the words look: the weights of the attentions to the text, kept from one forward pass
//! (the maps of prompt-to-prompt; diffusers' `AttentionStore` examples).
//!
//! Only the average over the heads is kept, and only of attentions over few enough pixels: the large
//! maps cost most and say least about where a thing is.

use std::cell::RefCell;

use burn::tensor::Tensor;

use crate::ops::attention::map::attention_map;

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
