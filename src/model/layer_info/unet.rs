//! The layers of the UNet, from its config.

use crate::model::config::{DownBlockType, UNetConfig, UpBlockType};
use crate::model::layer_info::LayerInfo;
use crate::model::layer_info::list::LayerList;

/// All layers, in the order of
/// [`UNet2DConditionModel::visit_mut`](crate::model::unet::UNet2DConditionModel::visit_mut).
pub fn unet_layers(config: &UNetConfig) -> Vec<LayerInfo> {
    let channels = &config.block_out_channels;
    let (blocks, first, temb) = (channels.len(), channels[0], config.time_embed_dim());
    let mut list = LayerList::default();
    list.conv("conv_in", [config.in_channels, first], 3);
    list.linear("time_embedding.linear_1", [first, temb]);
    if let Some(cond) = config.time_cond_proj_dim {
        list.linear_with("time_embedding.cond_proj", [cond, first], false);
    }
    list.linear("time_embedding.linear_2", [temb, temb]);
    for level in 0..blocks {
        down_block(&mut list, config, level);
    }
    for level in (0..blocks).rev() {
        up_block(&mut list, config, level);
    }
    if config.mid_block_type.is_some() {
        let last = channels[blocks - 1];
        let path = "mid_block.attentions.0";
        transformer(&mut list, config, path, blocks - 1, false);
        for j in 0..2 {
            let path = format!("mid_block.resnets.{j}");
            list.resnet(&path, [last; 2], Some(temb));
        }
    }
    list.norm("conv_norm_out", first);
    list.conv("conv_out", [first, config.out_channels], 3);
    list.layers
}

fn down_block(list: &mut LayerList, config: &UNetConfig, level: usize) {
    let channels = &config.block_out_channels;
    let path = format!("down_blocks.{level}");
    let (own, layers) = (channels[level], config.layers_per_block[level]);
    if config.down_block_types[level] == DownBlockType::CrossAttnDownBlock2D {
        transformers(list, config, &path, level, layers);
    }
    for j in 0..layers {
        let c_in = if j == 0 {
            channels[level.saturating_sub(1)]
        } else {
            own
        };
        let path = format!("{path}.resnets.{j}");
        list.resnet(&path, [c_in, own], Some(config.time_embed_dim()));
    }
    if level + 1 < channels.len() {
        list.conv(&format!("{path}.downsamplers.0.conv"), [own; 2], 3);
    }
}

fn up_block(list: &mut LayerList, config: &UNetConfig, level: usize) {
    let channels = &config.block_out_channels;
    let top = channels.len() - 1;
    let path = format!("up_blocks.{}", top - level);
    let (own, layers) = (channels[level], config.layers_per_block[level] + 1);
    if config.up_block_types[top - level] == UpBlockType::CrossAttnUpBlock2D {
        transformers(list, config, &path, level, layers);
    }
    for j in 0..layers {
        let before = if j == 0 {
            channels[(level + 1).min(top)]
        } else {
            own
        };
        let skip = if j + 1 == layers {
            channels[level.saturating_sub(1)]
        } else {
            own
        };
        let path = format!("{path}.resnets.{j}");
        list.resnet(&path, [before + skip, own], Some(config.time_embed_dim()));
    }
    if level > 0 {
        list.conv(&format!("{path}.upsamplers.0.conv"), [own; 2], 3);
    }
}

fn transformers(list: &mut LayerList, config: &UNetConfig, path: &str, level: usize, count: usize) {
    let only_cross_attention = config.only_cross_attention[level];
    for j in 0..count {
        let path = format!("{path}.attentions.{j}");
        transformer(list, config, &path, level, only_cross_attention);
    }
}

fn transformer(
    list: &mut LayerList,
    config: &UNetConfig,
    path: &str,
    level: usize,
    only_cross_attention: bool,
) {
    let (channels, text) = (
        config.block_out_channels[level],
        config.cross_attention_dim[level],
    );
    let projection = |list: &mut LayerList, name: &str| {
        let path = format!("{path}.{name}");
        if config.use_linear_projection {
            list.linear(&path, [channels; 2]);
        } else {
            list.conv(&path, [channels; 2], 1);
        }
    };
    list.norm(&format!("{path}.norm"), channels);
    projection(list, "proj_in");
    for k in 0..config.transformer_layers_per_block[level] {
        let path = format!("{path}.transformer_blocks.{k}");
        let own = if only_cross_attention { text } else { channels };
        for (number, context) in [(1, own), (2, text)] {
            list.norm(&format!("{path}.norm{number}"), channels);
            let path = format!("{path}.attn{number}");
            for (name, c_in) in [("to_q", channels), ("to_k", context), ("to_v", context)] {
                list.linear_with(&format!("{path}.{name}"), [c_in, channels], false);
            }
            list.linear(&format!("{path}.to_out.0"), [channels; 2]);
        }
        list.norm(&format!("{path}.norm3"), channels);
        list.linear(&format!("{path}.ff.net.0.proj"), [channels, 8 * channels]);
        list.linear(&format!("{path}.ff.net.2"), [4 * channels, channels]);
    }
    projection(list, "proj_out");
}
