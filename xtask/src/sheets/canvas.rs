//! A contact sheet: rows of enlarged pictures with captions.

use std::fs;

use font8x8::legacy::BASIC_LEGACY;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{Rgb, RgbImage, imageops};

use crate::shell::Done;

/// Side of a picture by the embedded base model, in pixels.
pub const SIDE: u32 = 64;
/// Enlargement on the sheet.
const ZOOM: u32 = 2;
const TILE: u32 = SIDE * ZOOM;
const GAP: u32 = 8;
/// Height of a line of text with the gap below it.
const LINE: u32 = 8 + GAP;
const BACKGROUND: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([40, 40, 40]);
const CREDIT: [&str; 3] = [
    "Pictures that were learned from: Twemoji,",
    "(c) Twitter, Inc and other contributors,",
    "CC-BY 4.0, on drawn grounds.",
];

/// Rows of text and pictures, from top to bottom.
#[derive(Default)]
pub struct Sheet {
    rows: Vec<Row>,
}

enum Row {
    /// Texts, each with the column where it starts.
    Words(Vec<(usize, String)>),
    Pictures(Vec<RgbImage>),
}

impl Sheet {
    /// Adds a line of text.
    pub fn line(&mut self, words: impl Into<String>) {
        self.rows.push(Row::Words(vec![(0, words.into())]));
    }

    /// Adds a line of column headings.
    pub fn heads(&mut self, heads: impl IntoIterator<Item = (usize, String)>) {
        self.rows.push(Row::Words(heads.into_iter().collect()));
    }

    /// Adds a row of pictures.
    pub fn pictures(&mut self, pictures: Vec<RgbImage>) {
        self.rows.push(Row::Pictures(pictures));
    }

    /// Adds the credit for the training pictures.
    pub fn credit(&mut self) {
        for line in CREDIT {
            self.line(line);
        }
    }

    /// The width that fits the longest row and the longest text.
    fn width(&self) -> u32 {
        let ends = self.rows.iter().flat_map(|row| match row {
            Row::Words(words) => words
                .iter()
                .map(|(column, text)| start(*column) + 8 * text.len() as u32 + GAP)
                .collect(),
            Row::Pictures(pictures) => vec![start(pictures.len())],
        });
        ends.max().unwrap_or(GAP)
    }

    fn draw(&self) -> RgbImage {
        let height = |row: &Row| match row {
            Row::Words(_) => LINE,
            Row::Pictures(_) => TILE + GAP,
        };
        let total: u32 = GAP + self.rows.iter().map(height).sum::<u32>();
        let mut sheet = RgbImage::from_pixel(self.width(), total, BACKGROUND);
        let mut y = GAP;
        for row in &self.rows {
            match row {
                Row::Words(words) => {
                    for (column, text) in words {
                        write(&mut sheet, start(*column), y, text);
                    }
                }
                Row::Pictures(pictures) => {
                    for (column, picture) in pictures.iter().enumerate() {
                        let shown =
                            imageops::resize(picture, TILE, TILE, imageops::FilterType::Nearest);
                        imageops::replace(&mut sheet, &shown, start(column).into(), y.into());
                    }
                }
            }
            y += height(row);
        }
        sheet
    }

    /// Writes the sheet as a PNG with the best compression.
    pub fn save(&self, path: &str) -> Done {
        let wrong = |error: &dyn std::fmt::Display| format!("{path}: {error}");
        let file = fs::File::create(path).map_err(|error| wrong(&error))?;
        let encoder =
            PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
        self.draw()
            .write_with_encoder(encoder)
            .map_err(|error| wrong(&error))
    }
}

/// The x coordinate of a column.
fn start(column: usize) -> u32 {
    GAP + column as u32 * (TILE + GAP)
}

/// Draws a line of ASCII text in a bitmap font.
fn write(sheet: &mut RgbImage, x: u32, y: u32, text: &str) {
    for (start, byte) in (x..).step_by(8).zip(text.bytes()) {
        let Some(glyph) = BASIC_LEGACY.get(usize::from(byte)) else {
            continue;
        };
        for (dy, bits) in (0..).zip(glyph) {
            for dx in (0..8).filter(|dx| bits >> dx & 1 == 1) {
                if let Some(pixel) = sheet.get_pixel_mut_checked(start + dx, y + dy) {
                    *pixel = INK;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_picture_fits_on_the_sheet() {
        let red = RgbImage::from_pixel(SIDE, SIDE, Rgb([255, 0, 0]));
        let mut sheet = Sheet::default();
        sheet.heads([
            (0, "a".into()),
            (2, "much longer than two pictures are wide".into()),
        ]);
        sheet.pictures(vec![red.clone(); 3]);
        sheet.line("a line");
        sheet.pictures(vec![red]);
        let drawn = sheet.draw();
        let red = drawn.pixels().filter(|pixel| pixel.0 == [255, 0, 0]);
        assert_eq!(red.count() as u32, 4 * TILE * TILE);
        assert!(drawn.width() >= start(2) + 8 * 38);
        let ink = |from: u32, to: u32| {
            drawn
                .enumerate_pixels()
                .any(|(x, _, pixel)| (from..to).contains(&x) && *pixel == INK)
        };
        assert!(ink(0, TILE), "the words at the left are there");
        assert!(ink(start(2) + 8 * 37, drawn.width()), "and the last letter");
    }
}
