//! Decoding of picture files.
//!
//! The input is untrusted: the size is limited before anything is decoded, and the format is
//! detected from the content, not from the file's name. Pictures are turned upright by their EXIF
//! orientation.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};

use crate::error::{Error, Result};
use crate::picture::pixels::Picture;

/// The largest side of a picture file, in pixels.
pub const MAX_SIDE: u32 = 8_192;
/// The largest memory of a decoded picture, in bytes.
pub const MAX_BYTES: u64 = 256 << 20;

/// Decodes a PNG, JPEG or WebP file. Transparent parts become white.
///
/// # Errors
/// `Picture` for another format, a picture above [`MAX_SIDE`] or [`MAX_BYTES`], or damaged bytes.
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
    // A picture with an unreadable EXIF block is not turned.
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
/// A file with a canvas (`VP8X`) has a size apart from those of its frames, and the decoder allocates a
/// lossy frame before it compares the two.
fn webp_frames(bytes: &[u8]) -> impl Iterator<Item = [u32; 2]> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        while let Some((head, body)) = rest.split_first_chunk::<8>() {
            let [kind @ .., a, b, c, d] = *head;
            let size = u32::from_le_bytes([a, b, c, d]) as usize;
            // An animation frame contains chunks after its own 16 bytes.
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

/// The picture on a white background.
fn on_white(pixels: &DynamicImage) -> RgbImage {
    let rgba = pixels.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0.map(u32::from);
        *to = Rgb([r, g, b].map(|c| ((c * a + 255 * (255 - a) + 127) / 255) as u8));
    }
    rgb
}

/// The error of a picture that the decoder refuses.
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
