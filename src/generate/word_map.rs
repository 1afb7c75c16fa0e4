//! Where a word looks while a picture is made: its attention, averaged over all steps, layers and
//! heads (the maps of prompt-to-prompt).

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::read;
use crate::error::Result;
use crate::model::unet::attention_maps::AttentionMap;

/// Sums the maps of a sampling run.
pub(super) struct WordMap {
    /// The word's positions among the tokens of the prompt.
    tokens: Vec<usize>,
    /// By size of the map: `[batch, pixels]`.
    sums: RefCell<BTreeMap<[usize; 2], Tensor<2>>>,
}

impl WordMap {
    pub(super) fn new(tokens: Vec<usize>) -> Self {
        Self {
            tokens,
            sums: RefCell::default(),
        }
    }

    /// Adds the maps of one pass, of which the last `batch` samples see the prompt.
    pub(super) fn add(&self, maps: &[AttentionMap], batch: usize) {
        let mut sums = self.sums.borrow_mut();
        for map in maps {
            let [samples, pixels, _] = map.weights.dims();
            let seen = map.weights.clone().narrow(0, samples - batch, batch);
            for &token in &self.tokens {
                let of = seen.clone().narrow(2, token, 1).reshape([batch, pixels]);
                let sum = match sums.remove(&map.size) {
                    Some(sum) => sum + of,
                    None => of,
                };
                sums.insert(map.size, sum);
            }
        }
    }

    /// `[batch, height, width]` of `size`, each from 0 to 1.
    pub(super) async fn finish(self, batch: usize, size: [usize; 2]) -> Result<Vec<f32>> {
        let [height, width] = size;
        let mut total = vec![0.0; batch * height * width];
        for ([rows, columns], sum) in self.sums.into_inner() {
            let values = read(sum.reshape([batch, 1, rows, columns])).await?;
            for (of, total) in values
                .chunks_exact(rows * columns)
                .zip(total.chunks_exact_mut(height * width))
            {
                // Every map weighs alike, whatever its words get of it.
                let whole = of.iter().sum::<f32>().max(f32::MIN_POSITIVE);
                for (at, total) in total.iter_mut().enumerate() {
                    let (row, column) = (at / width * rows / height, at % width * columns / width);
                    *total += of[row * columns + column] / whole * (rows * columns) as f32;
                }
            }
        }
        for picture in total.chunks_exact_mut(height * width) {
            let low = picture.iter().copied().fold(f32::INFINITY, f32::min);
            let high = picture.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let range = (high - low).max(f32::MIN_POSITIVE);
            picture
                .iter_mut()
                .for_each(|value| *value = (*value - low) / range);
        }
        Ok(total)
    }
}
