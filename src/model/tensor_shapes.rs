//! Names and shapes of every tensor in a model's weight file, from its config alone, as diffusers
//! and transformers save them.

use std::collections::BTreeMap;

use super::config::{ClipTextConfig, UNetConfig, VaeConfig, VaeTinyConfig};
use super::layers::LayerForm;
use super::unet::layer_shapes::layer_shapes;

/// Shapes by name.
pub type TensorShapes = BTreeMap<String, Vec<usize>>;

/// The tensors of `unet/`.
pub fn unet(config: &UNetConfig) -> TensorShapes {
    let mut list = List::default();
    for layer in layer_shapes(config) {
        let (path, [c_out, fan_in]) = (&layer.path, layer.shape);
        let name = path.rsplit('.').next().unwrap_or_default();
        match layer.form {
            LayerForm::Norm => list.norm(path, fan_in),
            LayerForm::Conv2d => {
                let pointwise = ["conv_shortcut", "proj_in", "proj_out"].contains(&name);
                let k = if pointwise { 1 } else { 3 };
                list.conv(path, [fan_in / (k * k), c_out], k);
            }
            LayerForm::Linear | LayerForm::Embedding => {
                list.weight(path, vec![c_out, fan_in]);
                if !["to_q", "to_k", "to_v", "cond_proj"].contains(&name) {
                    list.bias(path, c_out);
                }
            }
        }
    }
    list.0
}

/// The tensors of `text_encoder/`, under `text_model.` as published files have them.
pub fn text_encoder(config: &ClipTextConfig) -> TensorShapes {
    let (channels, inner) = (config.hidden_size, config.intermediate_size);
    let mut list = List::default();
    let tables = [
        ("token", config.vocab_size),
        ("position", config.max_position_embeddings),
    ];
    for (table, rows) in tables {
        let path = format!("text_model.embeddings.{table}_embedding");
        list.weight(&path, vec![rows, channels]);
    }
    for n in 0..config.num_hidden_layers {
        let path = format!("text_model.encoder.layers.{n}");
        for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            list.linear(&format!("{path}.self_attn.{name}"), [channels; 2]);
        }
        list.linear(&format!("{path}.mlp.fc1"), [channels, inner]);
        list.linear(&format!("{path}.mlp.fc2"), [inner, channels]);
        list.norm(&format!("{path}.layer_norm1"), channels);
        list.norm(&format!("{path}.layer_norm2"), channels);
    }
    list.norm("text_model.final_layer_norm", channels);
    list.0
}

/// The tensors of `vae/`, the attention's by their present names.
pub fn vae(config: &VaeConfig) -> TensorShapes {
    let channels = &config.block_out_channels;
    let (levels, first) = (channels.len(), channels[0]);
    let last = channels[levels - 1];
    let moments = 2 * config.latent_channels;
    let mut list = List::default();
    list.conv("encoder.conv_in", [config.in_channels, first], 3);
    list.conv("decoder.conv_in", [config.latent_channels, last], 3);
    for level in 0..levels {
        let (own, up) = (channels[level], levels - 1 - level);
        for j in 0..config.layers_per_block {
            let before = if j == 0 {
                channels[level.saturating_sub(1)]
            } else {
                own
            };
            list.resnet(
                &format!("encoder.down_blocks.{level}.resnets.{j}"),
                [before, own],
            );
        }
        for j in 0..=config.layers_per_block {
            let before = if j == 0 {
                channels[(level + 1).min(levels - 1)]
            } else {
                own
            };
            list.resnet(
                &format!("decoder.up_blocks.{up}.resnets.{j}"),
                [before, own],
            );
        }
        if level + 1 < levels {
            let path = format!("encoder.down_blocks.{level}.downsamplers.0.conv");
            list.conv(&path, [own; 2], 3);
        }
        if level > 0 {
            let path = format!("decoder.up_blocks.{up}.upsamplers.0.conv");
            list.conv(&path, [own; 2], 3);
        }
    }
    for half in ["encoder", "decoder"] {
        for j in 0..2 {
            list.resnet(&format!("{half}.mid_block.resnets.{j}"), [last; 2]);
        }
        if config.mid_block_add_attention {
            let path = format!("{half}.mid_block.attentions.0");
            list.norm(&format!("{path}.group_norm"), last);
            for name in ["to_q", "to_k", "to_v", "to_out.0"] {
                list.linear(&format!("{path}.{name}"), [last; 2]);
            }
        }
    }
    list.norm("encoder.conv_norm_out", last);
    list.norm("decoder.conv_norm_out", first);
    list.conv("encoder.conv_out", [last, moments], 3);
    list.conv("decoder.conv_out", [first, config.out_channels], 3);
    if config.use_quant_conv {
        list.conv("quant_conv", [moments; 2], 1);
    }
    if config.use_post_quant_conv {
        list.conv("post_quant_conv", [config.latent_channels; 2], 1);
    }
    list.0
}

/// The tensors of an AutoencoderTiny.
pub fn vae_tiny(config: &VaeTinyConfig) -> TensorShapes {
    let (encoder, decoder) = (config.encoder_channels, config.decoder_channels);
    let mut list = List::default();
    let mut place = 0;
    for (level, &count) in config.num_encoder_blocks.iter().enumerate() {
        let path = format!("encoder.layers.{place}");
        place += 1;
        if level == 0 {
            list.conv(&path, [config.in_channels, encoder], 3);
        } else {
            list.weight(&path, vec![encoder, encoder, 3, 3]);
        }
        place = list.tiny_blocks("encoder", place, count, encoder);
    }
    list.conv(
        &format!("encoder.layers.{place}"),
        [encoder, config.latent_channels],
        3,
    );

    list.conv("decoder.layers.0", [config.latent_channels, decoder], 3);
    // A ReLU stands at 1, and after the blocks of each level but the last an upsampling.
    place = 2;
    let levels = config.num_decoder_blocks.len();
    for (level, &count) in config.num_decoder_blocks.iter().enumerate() {
        place = list.tiny_blocks("decoder", place, count, decoder);
        if level + 1 == levels {
            list.conv(
                &format!("decoder.layers.{place}"),
                [decoder, config.out_channels],
                3,
            );
        } else {
            list.weight(
                &format!("decoder.layers.{}", place + 1),
                vec![decoder, decoder, 3, 3],
            );
            place += 2;
        }
    }
    list.0
}

#[derive(Default)]
struct List(TensorShapes);

impl List {
    fn weight(&mut self, path: &str, shape: Vec<usize>) {
        self.0.insert(format!("{path}.weight"), shape);
    }

    fn bias(&mut self, path: &str, channels: usize) {
        self.0.insert(format!("{path}.bias"), vec![channels]);
    }

    fn norm(&mut self, path: &str, channels: usize) {
        self.weight(path, vec![channels]);
        self.bias(path, channels);
    }

    fn linear(&mut self, path: &str, [c_in, c_out]: [usize; 2]) {
        self.weight(path, vec![c_out, c_in]);
        self.bias(path, c_out);
    }

    fn conv(&mut self, path: &str, [c_in, c_out]: [usize; 2], k: usize) {
        self.weight(path, vec![c_out, c_in, k, k]);
        self.bias(path, c_out);
    }

    /// A residual block without time.
    fn resnet(&mut self, path: &str, [c_in, c_out]: [usize; 2]) {
        self.norm(&format!("{path}.norm1"), c_in);
        self.conv(&format!("{path}.conv1"), [c_in, c_out], 3);
        self.norm(&format!("{path}.norm2"), c_out);
        self.conv(&format!("{path}.conv2"), [c_out; 2], 3);
        if c_in != c_out {
            self.conv(&format!("{path}.conv_shortcut"), [c_in, c_out], 1);
        }
    }

    /// `count` blocks of an AutoencoderTiny from `place` on; gives the place after them.
    fn tiny_blocks(&mut self, half: &str, place: usize, count: usize, channels: usize) -> usize {
        for place in place..place + count {
            for i in [0, 2, 4] {
                self.conv(&format!("{half}.layers.{place}.conv.{i}"), [channels; 2], 3);
            }
        }
        place + count
    }
}
