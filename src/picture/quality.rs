//! Flaws of training pictures: tiny, blurry, duplicate.

use image::imageops::{self, FilterType};

use crate::picture::pixels::Picture;

/// Side of the scaled picture in which edges are measured, in pixels.
const LOOK: u32 = 256;
/// Share of the pixels above the measured percentile. It is small because edges are thin.
const THIN: f64 = 0.005;
/// The smallest |Laplacian| of a sharp edge, of 255.
const SHARP: i32 = 14;
/// Side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 16;
/// The largest mean difference between thumbnails of one picture, of 255.
const SAME: f64 = 3.0;

/// A small copy of a picture, for the detection of duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail(Vec<u8>);

impl Picture {
    /// Whether the picture has fewer than `size` pixels on its shorter side.
    pub fn is_tiny(&self, size: u32) -> bool {
        self.width().min(self.height()) < size
    }

    /// Whether there is no sharp edge: the 99.5th percentile of the absolute 4-neighbour Laplacian of
    /// the brightness, at a shorter side of at most 256 pixels, is small. A uniform picture is blurry.
    pub fn is_blurry(&self) -> bool {
        let small = self.shrunk(LOOK);
        let grey = imageops::grayscale(&small.pixels);
        let (width, height) = grey.dimensions();
        let at = |x: u32, y: u32| i32::from(grey.get_pixel(x, y).0[0]);
        let mut bends: Vec<i32> = Vec::new();
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
                bends.push((4 * at(x, y) - around).abs());
            }
        }
        bends.sort_unstable();
        let rank = (bends.len() as f64 * (1.0 - THIN)) as usize;
        bends
            .get(rank.min(bends.len().saturating_sub(1)))
            .is_none_or(|edge| *edge < SHARP)
    }

    /// A small copy, for the detection of duplicates.
    pub fn thumbnail(&self) -> Thumbnail {
        let small = imageops::resize(&self.pixels, THUMBNAIL, THUMBNAIL, FilterType::Triangle);
        Thumbnail(small.into_raw())
    }
}

impl Thumbnail {
    /// Whether both are of the same picture, possibly scaled or compressed.
    pub fn is_same(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(&other.0).map(|(a, b)| a.abs_diff(*b));
        let sum: f64 = differences.map(f64::from).sum();
        sum < SAME * self.0.len() as f64
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::picture::decode;

    fn sample(name: &str, index: usize) -> Picture {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/subjects/");
        decode(&std::fs::read(format!("{folder}{name}/{index}.png")).unwrap()).unwrap()
    }

    fn blurred(picture: &Picture) -> Picture {
        Picture {
            pixels: imageops::blur(&picture.pixels, 8.0),
        }
    }

    #[test]
    fn the_samples_have_no_faults_and_blurred_ones_are_found() {
        for name in ["dog", "cat", "robot", "castle", "penguin"] {
            let pictures: Vec<Picture> = (0..4).map(|i| sample(name, i)).collect();
            for (index, picture) in pictures.iter().enumerate() {
                assert!(!picture.is_blurry(), "{name} {index}");
                assert!(blurred(picture).is_blurry(), "{name} {index}, blurred");
                for other in &pictures[..index] {
                    assert!(!picture.thumbnail().is_same(&other.thumbnail()), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_picture_that_was_scaled_is_the_same() {
        let picture = sample("dog", 0);
        let smaller = picture.shrunk(picture.width() * 2 / 3);
        assert!(picture.thumbnail().is_same(&smaller.thumbnail()));
        assert!(!picture.is_tiny(picture.width()));
        assert!(smaller.is_tiny(picture.width()));
    }
}
