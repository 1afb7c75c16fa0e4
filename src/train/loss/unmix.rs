//! The unmix loss (paper, section 4.2): each subject's words look at their own half only.
//!
//! Of every attention to the text whose map was kept, with P the weights averaged over the heads and
//! R the half of a subject,
//!
//! ```text
//! L = mean over subjects and their words w of  mean over pixels p outside R of  (P[p, w] / max P[·, w])²
//! ```
//!
//! averaged over the attentions and over the collages of a step. The paper speaks of an MSE on the
//! non-corresponding regions and leaves scale, layers and timesteps open. Dividing by the word's
//! largest weight (a constant for the gradient, as in Mix-of-Show's region loss) makes words
//! comparable that get much attention and words that get little; all timesteps count alike.

use burn::tensor::{Tensor, TensorData};

use crate::model::unet::attention_maps::AttentionMap;
use crate::train::dataset::sample::Placed;

/// The halves of a collage and the words of each.
pub type Regions = Placed;

/// Kept from dividing by nothing where a word gets no attention at all.
const TINY: f64 = 1e-6;

/// The loss over `maps` of one forward pass, `[1]`; `regions[i]` is what sample i shows, `None` where
/// it is no collage. `None` if none of them is.
pub fn unmix_loss(maps: &[AttentionMap], regions: &[Option<Regions>]) -> Option<Tensor<1>> {
    let mut parts = Vec::new();
    for (sample, regions) in regions.iter().enumerate() {
        let Some(regions) = regions else { continue };
        for map in maps {
            let [_, pixels, keys] = map.weights.dims();
            let weights = map.weights.clone().narrow(0, sample, 1);
            let largest = weights.clone().detach().max_dim(1) + TINY;
            let relative = (weights / largest).reshape([pixels, keys]);
            let outside = outside(regions, map.size, keys);
            let outside = TensorData::new(outside, [pixels, keys]);
            let outside = Tensor::from_data(outside, &relative.device());
            parts.push((relative.clone() * relative * outside).sum());
        }
    }
    if parts.is_empty() {
        return None;
    }
    Some(Tensor::cat(parts, 0).mean())
}

/// What (P / max P)² is summed with, `[pixels, keys]`: 0 but for a subject's words outside of its
/// half, where all together make 1.
fn outside(regions: &Regions, size: [usize; 2], keys: usize) -> Vec<f32> {
    let halves = regions.collage.halves_of(size);
    let named = regions.tokens.iter().filter(|tokens| !tokens.is_empty());
    let subjects = named.count().max(1) as f32;
    let mut mask = vec![0.0; halves.len() * keys];
    for (own, tokens) in regions.tokens.iter().enumerate() {
        let others = halves.iter().filter(|half| **half != own).count().max(1) as f32;
        let share = 1.0 / (subjects * tokens.len().max(1) as f32 * others);
        for (pixel, half) in halves.iter().enumerate() {
            for &token in tokens.iter().filter(|token| **token < keys) {
                if *half != own {
                    mask[pixel * keys + token] = share;
                }
            }
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use burn::tensor::Device;

    use super::*;
    use crate::config::collage::{Collage, Half, Layout};

    const KEYS: usize = 5;

    fn regions() -> Regions {
        let half = Half {
            subject: 0,
            picture: 0,
            scale: 0.5,
            offset: [0.0; 2],
        };
        Placed {
            collage: Collage {
                layout: Layout::LeftRight,
                seam: 0.5,
                halves: [half, half],
            },
            tokens: [vec![1, 2], vec![4]],
        }
    }

    /// A map of 2 × 4 pixels that is `weight(pixel, word)`.
    fn map(weight: impl Fn(usize, usize) -> f32) -> AttentionMap {
        let values: Vec<f32> = (0..8 * KEYS).map(|i| weight(i / KEYS, i % KEYS)).collect();
        AttentionMap {
            weights: Tensor::from_data(TensorData::new(values, [1, 8, KEYS]), &Device::flex()),
            size: [2, 4],
        }
    }

    fn loss(weight: impl Fn(usize, usize) -> f32) -> f32 {
        let loss = unmix_loss(&[map(weight)], &[Some(regions())]).unwrap();
        loss.into_data().try_to_vec().unwrap()[0]
    }

    #[test]
    fn words_that_keep_to_their_half_cost_nothing_and_others_all() {
        let left = |pixel: usize| pixel % 4 < 2;
        let apart = loss(|pixel, word| match word {
            1 | 2 => f32::from(u8::from(left(pixel))),
            4 => f32::from(u8::from(!left(pixel))),
            _ => 0.7,
        });
        assert_eq!(apart, 0.0);
        let swapped = loss(|pixel, word| match word {
            1 | 2 => f32::from(u8::from(!left(pixel))),
            4 => f32::from(u8::from(left(pixel))),
            _ => 0.0,
        });
        assert!((swapped - 1.0).abs() < 1e-4, "{swapped}");
        let everywhere = loss(|_, _| 0.02);
        assert!((everywhere - 1.0).abs() < 1e-3, "{everywhere}");
        let one_of_two = loss(|pixel, word| match word {
            1 => 0.5,
            2 => f32::from(u8::from(left(pixel))),
            _ => f32::from(u8::from(!left(pixel))),
        });
        assert!(
            (one_of_two - 0.25).abs() < 1e-4,
            "one word of one subject: {one_of_two}"
        );
    }

    #[test]
    fn pictures_of_one_subject_have_no_unmix_loss() {
        assert!(unmix_loss(&[map(|_, _| 1.0)], &[None]).is_none());
    }
}
