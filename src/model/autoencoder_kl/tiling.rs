//! The autoencoder in tiles (diffusers `AutoencoderKL.enable_tiling`), so that the memory needed does
//! not depend on the size of the picture.
//!
//! Neighbouring tiles overlap by a quarter, and are blended there. Norms and attention see one tile
//! at a time, so the result differs slightly from that for the whole picture.

use burn::tensor::{Tensor, TensorData};

use crate::error::{Error, Result};

/// Neighbouring tiles overlap by 1 / OVERLAP of their side.
const OVERLAP: usize = 4;

/// The side of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiling {
    /// In picture pixels; diffusers' `tile_sample_min_size`.
    pub(super) sample: usize,
    /// In latent pixels; diffusers' `tile_latent_min_size`.
    pub(super) latent: usize,
}

impl Tiling {
    /// Tiles of `sample` × `sample` picture pixels; a latent pixel is `scale` × `scale` of these.
    ///
    /// # Errors
    /// `Settings` if a quarter of a tile is not a whole number of latent pixels.
    pub(super) fn new(sample: usize, scale: usize) -> Result<Self> {
        let step = OVERLAP * scale;
        if sample == 0 || !sample.is_multiple_of(step) {
            return Err(Error::Settings(format!(
                "Tiles of {sample} px cannot overlap by a quarter in this base's latents. Choose a multiple of {step}."
            )));
        }
        Ok(Self {
            sample,
            latent: sample / scale,
        })
    }
}

/// Applies `f` to tiles of x `[batch, channels, h, w]` and joins the results. Tiles of the input
/// have side `from`, those of the output `to`.
pub(super) fn tiled(
    x: Tensor<4>,
    [from, to]: [usize; 2],
    f: impl Fn(Tensor<4>) -> Tensor<4>,
) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let (stride, extent) = (from - from / OVERLAP, to / OVERLAP);
    let limit = to - extent;
    let cut = |dim: usize, x: Tensor<4>, first: usize, count: usize| {
        let size = x.dims()[dim];
        x.narrow(dim, first, count.min(size - first))
    };
    let mut above: Vec<Tensor<4>> = Vec::new();
    let mut rows = Vec::new();
    for top in (0..height).step_by(stride) {
        let band = cut(2, x.clone(), top, from);
        let (mut row, mut shown): (Vec<Tensor<4>>, Vec<Tensor<4>>) = (Vec::new(), Vec::new());
        for (column, left) in (0..width).step_by(stride).enumerate() {
            let mut tile = f(cut(3, band.clone(), left, from));
            if let Some(above) = above.get(column) {
                tile = fade(2, above.clone(), tile, extent);
            }
            if let Some(left) = row.last() {
                tile = fade(3, left.clone(), tile, extent);
            }
            shown.push(cut(2, cut(3, tile.clone(), 0, limit), 0, limit));
            row.push(tile);
        }
        above = row;
        rows.push(Tensor::cat(shown, 3));
    }
    Tensor::cat(rows, 2)
}

/// `next` with its first `extent` rows (dim 2) or columns (dim 3) blended with the last of
/// `before`.
fn fade(dim: usize, before: Tensor<4>, next: Tensor<4>, extent: usize) -> Tensor<4> {
    let [end, size] = [before.dims()[dim], next.dims()[dim]];
    let extent = extent.min(end).min(size);
    let weights: Vec<f32> = (0..extent).map(|y| y as f32 / extent as f32).collect();
    let mut shape = [1; 4];
    shape[dim] = extent;
    let weights = Tensor::<4>::from_data(TensorData::new(weights, shape), &next.device());
    let out = before.narrow(dim, end - extent, extent);
    let faded = out.clone() + (next.clone().narrow(dim, 0, extent) - out) * weights;
    if extent == size {
        return faded;
    }
    Tensor::cat(vec![faded, next.narrow(dim, extent, size - extent)], dim)
}
