//! The layers of the autoencoder, from its config.

use crate::model::config::VaeConfig;
use crate::model::layer_info::LayerInfo;
use crate::model::layer_info::list::LayerList;

/// All layers. The attentions have their current names, not those of older checkpoints.
pub fn vae_layers(config: &VaeConfig) -> Vec<LayerInfo> {
    let channels = &config.block_out_channels;
    let (first, last) = (channels[0], channels[channels.len() - 1]);
    let moments = 2 * config.latent_channels;
    let mut list = LayerList::default();
    list.conv("encoder.conv_in", [config.in_channels, first], 3);
    list.conv("decoder.conv_in", [config.latent_channels, last], 3);
    for level in 0..channels.len() {
        encoder_level(&mut list, config, level);
        decoder_level(&mut list, config, level);
    }
    for half in ["encoder", "decoder"] {
        mid_block(&mut list, config, half, last);
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
    list.layers
}

fn encoder_level(list: &mut LayerList, config: &VaeConfig, level: usize) {
    let channels = &config.block_out_channels;
    let path = format!("encoder.down_blocks.{level}");
    let (before, own) = (channels[level.saturating_sub(1)], channels[level]);
    for j in 0..config.layers_per_block {
        let c_in = if j == 0 { before } else { own };
        list.resnet(&format!("{path}.resnets.{j}"), [c_in, own], None);
    }
    if level + 1 < channels.len() {
        list.conv(&format!("{path}.downsamplers.0.conv"), [own; 2], 3);
    }
}

fn decoder_level(list: &mut LayerList, config: &VaeConfig, level: usize) {
    let channels = &config.block_out_channels;
    let top = channels.len() - 1;
    let path = format!("decoder.up_blocks.{}", top - level);
    let (before, own) = (channels[(level + 1).min(top)], channels[level]);
    for j in 0..=config.layers_per_block {
        let c_in = if j == 0 { before } else { own };
        list.resnet(&format!("{path}.resnets.{j}"), [c_in, own], None);
    }
    if level > 0 {
        list.conv(&format!("{path}.upsamplers.0.conv"), [own; 2], 3);
    }
}

fn mid_block(list: &mut LayerList, config: &VaeConfig, half: &str, channels: usize) {
    for j in 0..2 {
        let path = format!("{half}.mid_block.resnets.{j}");
        list.resnet(&path, [channels; 2], None);
    }
    if config.mid_block_add_attention {
        let path = format!("{half}.mid_block.attentions.0");
        list.norm(&format!("{path}.group_norm"), channels);
        for name in ["to_q", "to_k", "to_v", "to_out.0"] {
            list.linear(&format!("{path}.{name}"), [channels; 2]);
        }
    }
}
