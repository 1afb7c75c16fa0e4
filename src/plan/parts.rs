//! Sizes of the weights of the UNet's layers and of the text encoder, in values, and the memory of the
//! text encoder's backward pass.

use crate::model::config::{ClipTextConfig, VaeConfig};
use crate::model::layer_info::LayerInfo;
use crate::model::layers::LayerForm;

/// Size of a layer's weight.
pub(super) fn weight(layer: &LayerInfo) -> u64 {
    let [rows, cols] = layer.matrix();
    (rows * cols) as u64
}

/// Size of a layer's bias; 0 if it has none.
pub(super) fn bias(layer: &LayerInfo) -> u64 {
    if layer.bias {
        layer.shape.bias_len() as u64
    } else {
        0
    }
}

/// Size of U and V of a layer; 0 for a norm.
pub(super) fn factors(layer: &LayerInfo) -> u64 {
    let [rows, cols] = layer.matrix();
    match layer.form() {
        LayerForm::Norm => 0,
        _ => (layer.shifts() * (rows + cols)) as u64,
    }
}

/// Size of the text encoder's weights.
pub(super) fn text_encoder(config: &ClipTextConfig) -> u64 {
    let (d, inner) = (config.hidden_size, config.intermediate_size);
    let attention = 4 * (d * d + d);
    let feed_forward = 2 * d * inner + inner + d;
    let layer = attention + feed_forward + 4 * d;
    let embeddings = (config.vocab_size + config.max_position_embeddings) * d;
    (embeddings + config.num_hidden_layers * layer + 2 * d) as u64
}

/// Shifts of the text encoder, with full-length norm shifts.
pub(super) fn text_encoder_shifts(config: &ClipTextConfig) -> u64 {
    let (d, positions) = (config.hidden_size, config.max_position_embeddings);
    let layer = 4 * d + 2 * d.min(config.intermediate_size) + 2 * d;
    let embeddings = config.vocab_size.min(d) + positions.min(d);
    (embeddings + config.num_hidden_layers * layer + d) as u64
}

/// Size of U and V of the text encoder.
pub(super) fn text_encoder_factors(config: &ClipTextConfig) -> u64 {
    let (d, inner) = (config.hidden_size, config.intermediate_size);
    let of = |rows: usize, cols: usize| rows.min(cols) * (rows + cols);
    let layer = 4 * of(d, d) + 2 * of(d, inner);
    let embeddings = of(config.vocab_size, d) + of(config.max_position_embeddings, d);
    (embeddings + config.num_hidden_layers * layer) as u64
}

/// Tensors that the text encoder keeps for the backward pass of `batch` texts.
pub(super) fn text_encoder_graph(config: &ClipTextConfig, batch: usize) -> u64 {
    let (d, inner) = (config.hidden_size, config.intermediate_size);
    let tokens = config.max_position_embeddings;
    // The inputs of two norms; z, q, k, v and y of the attention; z, the activation's input and two
    // intermediate results of it; the softmax.
    let layer = tokens * (12 * d + 4 * inner) + config.num_attention_heads * tokens * tokens;
    (batch * config.num_hidden_layers * layer) as u64
}

/// The largest weight of the text encoder and the autoencoder.
pub(super) fn largest_weight(text: &ClipTextConfig, vae: &VaeConfig) -> u64 {
    let last = vae.block_out_channels.last().copied().unwrap_or(0);
    let feed_forward = text.hidden_size * text.intermediate_size;
    (text.vocab_size * text.hidden_size)
        .max(feed_forward)
        .max(9 * last * last) as u64
}
