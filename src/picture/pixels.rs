//! A decoded picture.

use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use crate::error::{Error, Result};

/// An RGB picture with 8 bits per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub(super) pixels: RgbImage,
}

impl Picture {
    /// A picture from row-major RGB bytes.
    ///
    /// # Errors
    /// `Picture` if there are not `3·width·height` bytes, or a side is 0.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self> {
        let bytes = rgb.len();
        let fits = bytes as u64 == 3 * u64::from(width) * u64::from(height) && bytes > 0;
        let pixels = if fits {
            RgbImage::from_raw(width, height, rgb)
        } else {
            None
        };
        pixels.map(|pixels| Self { pixels }).ok_or_else(|| {
            Error::Picture(format!(
                "{bytes} bytes make no RGB picture of {width}×{height} pixels."
            ))
        })
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Row-major RGB bytes.
    pub fn rgb(&self) -> &[u8] {
        self.pixels.as_raw()
    }

    /// Row-major RGBA bytes; alpha is 255.
    pub fn rgba(&self) -> Vec<u8> {
        self.pixels
            .pixels()
            .flat_map(|p| [p.0[0], p.0[1], p.0[2], 255])
            .collect()
    }

    /// Scaled down so that the shorter side has at most `side` pixels.
    #[must_use]
    pub fn shrunk(&self, side: u32) -> Self {
        let (width, height) = (self.width(), self.height());
        let shorter = width.min(height);
        if shorter <= side.max(1) {
            return self.clone();
        }
        let scaled =
            |n: u32| (f64::from(n) * f64::from(side.max(1)) / f64::from(shorter)).round() as u32;
        Self {
            pixels: imageops::resize(
                &self.pixels,
                scaled(width),
                scaled(height),
                FilterType::Lanczos3,
            ),
        }
    }

    /// Rotated clockwise by `quarters` · 90°.
    #[must_use]
    pub fn turned(&self, quarters: u8) -> Self {
        let pixels = match quarters % 4 {
            1 => imageops::rotate90(&self.pixels),
            2 => imageops::rotate180(&self.pixels),
            3 => imageops::rotate270(&self.pixels),
            _ => self.pixels.clone(),
        };
        Self { pixels }
    }

    /// The largest square, scaled to `size`×`size` pixels with a Lanczos filter (antialiased).
    ///
    /// `offset` is its position along the longer side: 0 is left or top, 0.5 the middle, 1 right or
    /// bottom. Values outside are clamped; NaN means 0.5.
    #[must_use]
    pub fn square(&self, offset: f32, size: u32) -> Self {
        let offset = if offset.is_nan() {
            0.5
        } else {
            offset.clamp(0.0, 1.0)
        };
        let side = self.width().min(self.height());
        let at = |length: u32| (f64::from(length - side) * f64::from(offset)).round() as u32;
        let crop = imageops::crop_imm(
            &self.pixels,
            at(self.width()),
            at(self.height()),
            side,
            side,
        );
        if side == size {
            return Self {
                pixels: crop.to_image(),
            };
        }
        Self {
            pixels: imageops::resize(&*crop, size.max(1), size.max(1), FilterType::Lanczos3),
        }
    }

    /// Values `[3, height, width]` in [-1, 1], the input of the autoencoder.
    pub fn to_model(&self) -> Vec<f32> {
        (0..3)
            .flat_map(|channel| {
                self.pixels
                    .pixels()
                    .map(move |p| f32::from(p.0[channel]) / 127.5 - 1.0)
            })
            .collect()
    }

    /// A picture from values `[3, height, width]` in [0, 1]. Values outside are clamped; NaN is black.
    ///
    /// # Errors
    /// `Picture` if there are not `3·width·height` values.
    pub fn from_unit(values: &[f32], height: u32, width: u32) -> Result<Self> {
        let plane = height as usize * width as usize;
        if values.len() != 3 * plane {
            return Err(Error::Picture(format!(
                "{} numbers make no picture of {width}×{height} pixels.",
                values.len()
            )));
        }
        // The cast saturates, and converts NaN to 0.
        let byte = |value: f32| (value * 255.0).round_ties_even() as u8;
        let rgb =
            (0..plane).flat_map(|i| [0, 1, 2].map(|channel| byte(values[channel * plane + i])));
        Self::from_rgb(width, height, rgb.collect())
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// `Picture` if the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        encode_png(self.rgb(), self.width(), self.height())
    }
}

/// A PNG file from row-major RGB bytes.
///
/// # Errors
/// `Picture` if there are not `3·width·height` bytes.
pub fn encode_png(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    if rgb.len() as u64 != 3 * u64::from(width) * u64::from(height) {
        return Err(Error::Picture(format!(
            "{} bytes make no RGB picture of {width}×{height} pixels.",
            rgb.len()
        )));
    }
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| {
            Error::Picture(format!("The picture cannot be saved as PNG ({error})."))
        })?;
    Ok(file)
}
