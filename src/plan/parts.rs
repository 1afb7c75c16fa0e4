//! How many numbers the weights of a base's parts are, and what its text encoder and autoencoder
//! hold while they run. From the configs alone.

use super::stages::Kernels;
use crate::model::config::{ClipTextConfig, VaeConfig};
use crate::model::layers::LayerForm;
use crate::model::unet::layer_shapes::LayerShape;

/// Numbers in one layer of the UNet: its weight, and its bias where it has one.
pub(super) fn weight(layer: &LayerShape) -> u64 {
    let [rows, cols] = layer.shape;
    (rows * cols) as u64
}

/// Numbers in a layer's bias.
pub(super) fn bias(layer: &LayerShape) -> u64 {
    let without = [".to_q", ".to_k", ".to_v", ".cond_proj"];
    if without.iter().any(|name| layer.path.ends_with(name)) {
        return 0;
    }
    let [rows, cols] = layer.shape;
    (if layer.form == LayerForm::Norm {
        cols
    } else {
        rows
    }) as u64
}

/// Numbers in U and V of one layer; none for a norm.
pub(super) fn factors(layer: &LayerShape) -> u64 {
    let [rows, cols] = layer.shape;
    match layer.form {
        LayerForm::Norm => 0,
        _ => (layer.shifts() * (rows + cols)) as u64,
    }
}

/// Numbers in the text encoder.
pub(super) fn text_encoder(config: &ClipTextConfig) -> u64 {
    let (d, inner) = (config.hidden_size, config.intermediate_size);
    let attention = 4 * (d * d + d);
    let feed_forward = 2 * d * inner + inner + d;
    let layer = attention + feed_forward + 4 * d;
    let embeddings = (config.vocab_size + config.max_position_embeddings) * d;
    (embeddings + config.num_hidden_layers * layer + 2 * d) as u64
}

/// Shifts of the text encoder, with full-length norms.
pub(super) fn text_encoder_shifts(config: &ClipTextConfig) -> u64 {
    let (d, positions) = (config.hidden_size, config.max_position_embeddings);
    let layer = 4 * d + 2 * d.min(config.intermediate_size) + 2 * d;
    let embeddings = config.vocab_size.min(d) + positions.min(d);
    (embeddings + config.num_hidden_layers * layer + d) as u64
}

/// Numbers in U and V of the text encoder.
pub(super) fn text_encoder_factors(config: &ClipTextConfig) -> u64 {
    let (d, inner) = (config.hidden_size, config.intermediate_size);
    let of = |rows: usize, cols: usize| rows.min(cols) * (rows + cols);
    let layer = 4 * of(d, d) + 2 * of(d, inner);
    let embeddings = of(config.vocab_size, d) + of(config.max_position_embeddings, d);
    (embeddings + config.num_hidden_layers * layer) as u64
}

/// What the text encoder keeps for the backward pass, for `batch` texts.
pub(super) fn text_encoder_graph(config: &ClipTextConfig, batch: usize) -> u64 {
    let (d, inner) = (config.hidden_size, config.intermediate_size);
    let tokens = config.max_position_embeddings;
    // Two norms' inputs; z, q, k, v and y of the attention; z, the activation's input and two of its
    // steps; the softmax.
    let layer = tokens * (12 * d + 4 * inner) + config.num_attention_heads * tokens * tokens;
    (batch * config.num_hidden_layers * layer) as u64
}

/// The largest single tensor among the weights of text encoder and autoencoder.
pub(super) fn largest_weight(text: &ClipTextConfig, vae: &VaeConfig) -> u64 {
    let last = vae.block_out_channels.last().copied().unwrap_or(0);
    let feed_forward = text.hidden_size * text.intermediate_size;
    (text.vocab_size * text.hidden_size)
        .max(feed_forward)
        .max(9 * last * last) as u64
}

/// Which way through the autoencoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Encode,
    Decode,
}

/// One of the autoencoder's convolutions' surroundings: channels in and out, and the side that it is
/// computed at as a share of the picture's, 1 / 2^level.
struct Block {
    c_in: usize,
    c_out: usize,
    level: usize,
}

/// Residual blocks in the order of the pass; `halves` counts the layers that change the side.
fn blocks(config: &VaeConfig, way: Way) -> Vec<Block> {
    let channels = &config.block_out_channels;
    let levels = channels.len();
    let last = channels[levels - 1];
    let middle = (0..2).map(|_| Block {
        c_in: last,
        c_out: last,
        level: levels - 1,
    });
    let mut all = Vec::new();
    match way {
        Way::Encode => {
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
        Way::Decode => {
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

/// Numbers in both halves of the autoencoder.
pub(super) fn vae(config: &VaeConfig) -> u64 {
    let channels = &config.block_out_channels;
    let (first, last) = (channels[0], channels[channels.len() - 1]);
    let conv = |c_in: usize, c_out: usize, k: usize| k * k * c_in * c_out + c_out;
    let latents = config.latent_channels;
    let mut count = 0;
    for way in [Way::Encode, Way::Decode] {
        for block in blocks(config, way) {
            let Block { c_in, c_out, .. } = block;
            count += 2 * c_in + conv(c_in, c_out, 3) + 2 * c_out + conv(c_out, c_out, 3);
            if c_in != c_out {
                count += conv(c_in, c_out, 1);
            }
        }
        // Layers that halve or double the side, all but the innermost (outermost) level's.
        let changing = match way {
            Way::Encode => &channels[..channels.len() - 1],
            Way::Decode => &channels[1..],
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

/// The most numbers held while one picture of `pixels` × `pixels` goes through the autoencoder, and
/// the largest tensor among them.
pub(super) fn vae_pass(config: &VaeConfig, way: Way, pixels: usize, kernels: Kernels) -> [u64; 2] {
    let (mut peak, mut largest, mut columns) = (0, 0, 0);
    let area = |level: usize| (pixels >> level).pow(2);
    for Block { c_in, c_out, level } in blocks(config, way) {
        let area = area(level);
        // Input, its norm, and the output, or input, the first half's output, its norm and the
        // output; Burn's norm holds two more of its input.
        let held = match kernels {
            Kernels::Custom => (2 * c_in + c_out).max(c_in + 3 * c_out),
            Kernels::Burn => (4 * c_in).max(c_in + 4 * c_out),
        };
        peak = peak.max(held * area);
        largest = largest.max(c_in.max(c_out) * area);
        columns = columns.max(9 * c_in.max(c_out) * area);
    }
    // Layers that halve or double the side: input, the enlarged input and the output.
    let channels = &config.block_out_channels;
    for level in 1..channels.len() {
        let (c, outer) = (
            channels[if way == Way::Decode { level } else { level - 1 }],
            area(level - 1),
        );
        peak = peak.max(c * (2 * outer + area(level)));
        largest = largest.max(c * outer);
        let written = if way == Way::Decode {
            outer
        } else {
            area(level)
        };
        columns = columns.max(9 * c * written);
    }
    let outermost = 9 * channels[0].max(config.in_channels) * area(0);
    if kernels == Kernels::Custom {
        peak += columns.max(outermost);
    }
    [peak as u64, largest as u64]
}
