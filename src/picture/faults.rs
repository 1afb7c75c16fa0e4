//! What a person may want to know of a picture before training on it: tiny, blurry, a duplicate.

use image::imageops::{self, FilterType};

use super::Picture;

/// Side of the picture in which sharpness is looked for.
const LOOK: u32 = 256;
/// Share of the pixels that may lie above the edge that is measured: an edge is thin.
const THIN: f64 = 0.005;
/// A sharp edge bends brightness by more than this from one pixel to the next, of 255.
const SHARP: i32 = 14;
/// Side of a thumbnail that duplicates are told by.
const THUMBNAIL: u32 = 16;
/// Thumbnails of the same picture differ by less than this on average, of 255.
const SAME: f64 = 3.0;

/// A small copy, to tell duplicates by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail(Vec<u8>);

impl Picture {
    /// Whether the picture has fewer than `size` pixels on its shorter side.
    pub fn is_tiny(&self, size: u32) -> bool {
        self.width().min(self.height()) < size
    }

    /// Whether it has no sharp edge: the 99.5th percentile of |4-neighbour Laplacian| of its
    /// brightness, at no more than 256 pixels a side, is small. A picture of one colour is blurry.
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

    /// A small copy, to tell duplicates by.
    pub fn thumbnail(&self) -> Thumbnail {
        let small = imageops::resize(&self.pixels, THUMBNAIL, THUMBNAIL, FilterType::Triangle);
        Thumbnail(small.into_raw())
    }
}

impl Thumbnail {
    /// Whether this is the same picture, saved again or scaled.
    pub fn is_same(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(&other.0).map(|(a, b)| a.abs_diff(*b));
        let sum: f64 = differences.map(f64::from).sum();
        sum < SAME * self.0.len() as f64
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::decode;
    use super::*;

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
