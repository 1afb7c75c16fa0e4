//! Pictures in and out: PNG, JPEG or WebP bytes to pixels to the model's range, and back to PNG.
//!
//! A picture comes from outside, so its size is limited before anything is decoded, its format is
//! told by its content and never by its name, and it is turned upright by its EXIF orientation.

mod faults;

pub use faults::Thumbnail;

use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat,
    ImageReader, Limits, Rgb, RgbImage,
};

use crate::error::{Error, Result};

/// The most pixels a side.
pub const MAX_SIDE: u32 = 8_192;
/// The most memory for one decoded picture, in bytes.
pub const MAX_BYTES: u64 = 256 << 20;

/// An upright picture without transparency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pixels: RgbImage,
}

/// Decodes PNG, JPEG or WebP; transparent parts become white.
///
/// # Errors
/// `Picture` if the format is another, the picture is too large, or its bytes are damaged.
pub fn decode(bytes: &[u8]) -> Result<Picture> {
    let format =
        match image::guess_format(bytes) {
            Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) => format,
            _ => return Err(Error::Picture(
                "This is not a PNG, JPEG or WebP picture. Save it as one of these and try again."
                    .into(),
            )),
        };
    if format == ImageFormat::WebP && webp_frames(bytes).any(|[w, h]| w.max(h) > MAX_SIDE) {
        return Err(too_large());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_BYTES {
        return Err(too_large());
    }
    if width == 0 || height == 0 {
        return Err(Error::Picture(
            "This picture is empty. Choose another.".into(),
        ));
    }
    // A picture whose EXIF block cannot be read is shown as it lies.
    let orientation = decoder.orientation().ok();
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(refused)?;
    if pixels.color().has_alpha() {
        pixels = DynamicImage::ImageRgb8(on_white(&pixels));
    }
    let mut pixels = DynamicImage::ImageRgb8(pixels.into_rgb8());
    if let Some(orientation) = orientation {
        pixels.apply_orientation(orientation);
    }
    Ok(Picture {
        pixels: pixels.into_rgb8(),
    })
}

/// Width and height of every lossy frame in a WebP file.
///
/// A file with a canvas (`VP8X`) states its size apart from its frames', and the decoder makes room
/// for a lossy frame before it compares the two.
fn webp_frames(bytes: &[u8]) -> impl Iterator<Item = [u32; 2]> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        while let Some((head, body)) = rest.split_first_chunk::<8>() {
            let [kind @ .., a, b, c, d] = *head;
            let size = u32::from_le_bytes([a, b, c, d]) as usize;
            // A frame of an animation holds chunks after its own 16 bytes.
            let skip = if kind == *b"ANMF" {
                16
            } else {
                size.saturating_add(size % 2)
            };
            rest = body.get(skip..).unwrap_or_default();
            if let (b"VP8 ", Some(&[w0, w1, h0, h1])) =
                (&kind, body.get(6..).and_then(|b| b.first_chunk()))
            {
                return Some(
                    [[w0, w1], [h0, h1]].map(|n| u32::from(u16::from_le_bytes(n) & 0x3FFF)),
                );
            }
        }
        None
    })
}

fn on_white(pixels: &DynamicImage) -> RgbImage {
    let rgba = pixels.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0.map(u32::from);
        *to = Rgb([r, g, b].map(|c| ((c * a + 255 * (255 - a) + 127) / 255) as u8));
    }
    rgb
}

fn refused(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_large(),
        error => Error::Picture(format!(
            "This picture cannot be decoded ({error}). It is damaged or unusual; save it again with another program and try once more."
        )),
    }
}

fn too_large() -> Error {
    Error::Picture(format!(
        "This picture is too large: at most {MAX_SIDE} pixels a side and {} MiB are possible. Make it smaller and try again.",
        MAX_BYTES >> 20
    ))
}

impl Picture {
    /// Pixels from rows of red, green, blue.
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

    /// Pixels a row.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Rows of red, green, blue.
    pub fn rgb(&self) -> &[u8] {
        self.pixels.as_raw()
    }

    /// Rows of red, green, blue, 255.
    pub fn rgba(&self) -> Vec<u8> {
        self.pixels
            .pixels()
            .flat_map(|p| [p.0[0], p.0[1], p.0[2], 255])
            .collect()
    }

    /// Scaled down until the shorter side has at most `side` pixels, so that a kept picture is small.
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

    /// Turned to the right by so many quarters.
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

    /// The largest square, scaled to `size`×`size` with Lanczos' filter (antialiased).
    ///
    /// `offset` says where it lies along the longer side: 0 left or top, 0.5 the middle, 1 right or
    /// bottom; anything that is no such number counts as the nearest, NaN as 0.5.
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

    /// `[3, height, width]` in [-1, 1], as the autoencoder takes it.
    pub fn to_model(&self) -> Vec<f32> {
        (0..3)
            .flat_map(|channel| {
                self.pixels
                    .pixels()
                    .map(move |p| f32::from(p.0[channel]) / 127.5 - 1.0)
            })
            .collect()
    }

    /// From `[3, height, width]` in [0, 1]; numbers outside are clamped, NaN is black.
    ///
    /// # Errors
    /// `Picture` if there are not `3·width·height` numbers.
    pub fn from_unit(values: &[f32], height: u32, width: u32) -> Result<Self> {
        let plane = height as usize * width as usize;
        if values.len() != 3 * plane {
            return Err(Error::Picture(format!(
                "{} numbers make no picture of {width}×{height} pixels.",
                values.len()
            )));
        }
        // The cast saturates, and turns NaN to 0.
        let byte = |value: f32| (value * 255.0).round_ties_even() as u8;
        let rgb =
            (0..plane).flat_map(|i| [0, 1, 2].map(|channel| byte(values[channel * plane + i])));
        Self::from_rgb(width, height, rgb.collect())
    }

    /// A PNG file.
    ///
    /// # Errors
    /// `Picture` if the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        encode_png(self.rgb(), self.width(), self.height())
    }
}

/// A PNG file from rows of red, green, blue.
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

#[cfg(test)]
mod tests;
