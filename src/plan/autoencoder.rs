//! The autoencoder: size of its weights, and peak memory of a pass. From the config alone.

use crate::model::config::VaeConfig;
use crate::plan::job::Kernels;

/// A pass through the autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Encode,
    Decode,
}

/// A residual block with its channels. Its side is that of the picture divided by 2^level.
struct Block {
    c_in: usize,
    c_out: usize,
    level: usize,
}

/// The residual blocks in the order of the pass.
fn blocks(config: &VaeConfig, direction: Direction) -> Vec<Block> {
    let channels = &config.block_out_channels;
    let levels = channels.len();
    let last = channels[levels - 1];
    let middle = (0..2).map(|_| Block {
        c_in: last,
        c_out: last,
        level: levels - 1,
    });
    let mut all = Vec::new();
    match direction {
        Direction::Encode => {
            for level in 0..levels {
                for j in 0..config.layers_per_block {
                    let c_in = channels[if j == 0 {
                        level.saturating_sub(1)
                    } else {
                        level
                    }];
                    let c_out = channels[level];
                    all.push(Block { c_in, c_out, level });
                }
            }
            all.extend(middle);
        }
        Direction::Decode => {
            all.extend(middle);
            for level in (0..levels).rev() {
                for j in 0..=config.layers_per_block {
                    let before = (level + 1).min(levels - 1);
                    let c_in = channels[if j == 0 { before } else { level }];
                    let c_out = channels[level];
                    all.push(Block { c_in, c_out, level });
                }
            }
        }
    }
    all
}

/// Size of the weights of encoder and decoder.
pub(super) fn weights(config: &VaeConfig) -> u64 {
    let channels = &config.block_out_channels;
    let (first, last) = (channels[0], channels[channels.len() - 1]);
    let conv = |c_in: usize, c_out: usize, k: usize| k * k * c_in * c_out + c_out;
    let latents = config.latent_channels;
    let mut count = 0;
    for direction in [Direction::Encode, Direction::Decode] {
        for block in blocks(config, direction) {
            let Block { c_in, c_out, .. } = block;
            count += 2 * c_in + conv(c_in, c_out, 3) + 2 * c_out + conv(c_out, c_out, 3);
            if c_in != c_out {
                count += conv(c_in, c_out, 1);
            }
        }
        // Downsamplers of all levels but the innermost, upsamplers of all but the outermost.
        let changing = match direction {
            Direction::Encode => &channels[..channels.len() - 1],
            Direction::Decode => &channels[1..],
        };
        count += changing.iter().map(|&c| conv(c, c, 3)).sum::<usize>();
        if config.mid_block_add_attention {
            count += 2 * last + 4 * (last * last + last);
        }
    }
    count += conv(config.in_channels, first, 3) + 2 * last + conv(last, 2 * latents, 3);
    count += conv(latents, last, 3) + 2 * first + conv(first, config.out_channels, 3);
    if config.use_quant_conv {
        count += conv(2 * latents, 2 * latents, 1);
    }
    if config.use_post_quant_conv {
        count += conv(latents, latents, 1);
    }
    count as u64
}

/// Peak memory of one picture of `pixels` × `pixels` in the autoencoder, and its largest tensor, in
/// values.
pub(super) fn pass(
    config: &VaeConfig,
    direction: Direction,
    pixels: usize,
    kernels: Kernels,
) -> [u64; 2] {
    let (mut peak, mut largest, mut im2col) = (0, 0, 0);
    let area = |level: usize| (pixels >> level).pow(2);
    for Block { c_in, c_out, level } in blocks(config, direction) {
        let area = area(level);
        // The input, its norm and the output of the first convolution; or the input, that output, its
        // norm and the output of the block. Burn's norm holds two more copies of its input.
        let held = match kernels {
            Kernels::Custom => (2 * c_in + c_out).max(c_in + 3 * c_out),
            Kernels::Burn => (4 * c_in).max(c_in + 4 * c_out),
        };
        peak = peak.max(held * area);
        largest = largest.max(c_in.max(c_out) * area);
        im2col = im2col.max(9 * c_in.max(c_out) * area);
    }
    // Downsamplers and upsamplers: the input, the enlarged input and the output.
    let channels = &config.block_out_channels;
    for level in 1..channels.len() {
        let (c, outer) = (
            channels[if direction == Direction::Decode {
                level
            } else {
                level - 1
            }],
            area(level - 1),
        );
        peak = peak.max(c * (2 * outer + area(level)));
        largest = largest.max(c * outer);
        let written = if direction == Direction::Decode {
            outer
        } else {
            area(level)
        };
        im2col = im2col.max(9 * c * written);
    }
    let outermost = 9 * channels[0].max(config.in_channels) * area(0);
    if kernels == Kernels::Custom {
        peak += im2col.max(outermost);
    }
    [peak as u64, largest as u64]
}
