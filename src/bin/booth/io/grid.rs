//! Several pictures in one.

use deltabooth::Result;
use deltabooth::picture::{Picture, encode_png};

/// A PNG of pictures of one size, row by row; empty places are white.
pub(crate) fn grid(pictures: &[Picture], columns: usize) -> Result<Vec<u8>> {
    let [width, height] = pictures.first().map_or([0, 0], |first| {
        [first.width() as usize, first.height() as usize]
    });
    let rows = pictures.len().div_ceil(columns);
    let mut grid = vec![255_u8; 3 * rows * height * columns * width];
    for (index, picture) in pictures.iter().enumerate() {
        for (y, row) in picture.rgb().chunks_exact(3 * width).enumerate() {
            let start = 3 * ((index / columns * height + y) * columns + index % columns) * width;
            grid[start..start + row.len()].copy_from_slice(row);
        }
    }
    encode_png(&grid, (columns * width) as u32, (rows * height) as u32)
}
