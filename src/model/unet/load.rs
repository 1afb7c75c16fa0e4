//! A UNet from its config and its weights.

use crate::error::Result;
use crate::model::config::{DownBlockType, MidBlockType, UNetConfig, UpBlockType};
use crate::model::layers::{Conv2d, GroupNorm};
use crate::model::unet::UNet2DConditionModel;
use crate::model::unet::blocks::{DownBlock2D, MidBlock2D, UpBlock2D, UpChannels};
use crate::model::unet::embeddings::TimestepEmbedding;
use crate::model::unet::resnet::ResnetOptions;
use crate::model::unet::transformer_block::TransformerOptions;
use crate::weights::Weights;

impl UNet2DConditionModel {
    /// Builds the UNet that `config` describes, taking every tensor from `weights`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(config: &UNetConfig, weights: &mut Weights) -> Result<Self> {
        let first = config.block_out_channels[0];
        let down_blocks = down_blocks(config, weights)?;
        let up_blocks = up_blocks(config, weights)?;
        let mid_block = mid_block(config, weights)?;
        Ok(Self {
            conv_in: Conv2d::load(weights, "conv_in", [config.in_channels, first], 3, 1, 1)?,
            time_embedding: TimestepEmbedding::load(
                weights,
                "time_embedding",
                first,
                config.time_embed_dim(),
                config.time_cond_proj_dim,
            )?,
            down_blocks,
            up_blocks,
            mid_block,
            conv_norm_out: GroupNorm::load(
                weights,
                "conv_norm_out",
                first,
                config.norm_num_groups,
                config.norm_eps,
            )?,
            conv_out: Conv2d::load(weights, "conv_out", [first, config.out_channels], 3, 1, 1)?,
            flip_sin_to_cos: config.flip_sin_to_cos,
            freq_shift: config.freq_shift,
        })
    }
}

fn down_blocks(config: &UNetConfig, weights: &mut Weights) -> Result<Vec<DownBlock2D>> {
    let channels = &config.block_out_channels;
    let blocks = channels.len();
    let load = |level: usize| {
        let attends = config.down_block_types[level] == DownBlockType::CrossAttnDownBlock2D;
        DownBlock2D::load(
            weights,
            &format!("down_blocks.{level}"),
            [channels[level.saturating_sub(1)], channels[level]],
            config.layers_per_block[level],
            resnet_options(config),
            attends.then(|| transformer_options(config, level)),
            level + 1 < blocks,
        )
    };
    (0..blocks).map(load).collect()
}

fn up_blocks(config: &UNetConfig, weights: &mut Weights) -> Result<Vec<UpBlock2D>> {
    let channels = &config.block_out_channels;
    let blocks = channels.len();
    let load = |i: usize| {
        let level = blocks - 1 - i;
        let attends = config.up_block_types[i] == UpBlockType::CrossAttnUpBlock2D;
        UpBlock2D::load(
            weights,
            &format!("up_blocks.{i}"),
            UpChannels {
                previous: channels[(level + 1).min(blocks - 1)],
                out: channels[level],
                last_skip: channels[level.saturating_sub(1)],
            },
            config.layers_per_block[level] + 1,
            resnet_options(config),
            attends.then(|| transformer_options(config, level)),
            level > 0,
        )
    };
    (0..blocks).map(load).collect()
}

fn mid_block(config: &UNetConfig, weights: &mut Weights) -> Result<Option<MidBlock2D>> {
    match config.mid_block_type {
        None => Ok(None),
        Some(MidBlockType::UNetMidBlock2DCrossAttn) => {
            let options = TransformerOptions {
                only_cross_attention: false,
                ..transformer_options(config, config.block_out_channels.len() - 1)
            };
            let resnet = resnet_options(config);
            MidBlock2D::load(weights, "mid_block", resnet, options).map(Some)
        }
    }
}

fn resnet_options(config: &UNetConfig) -> ResnetOptions {
    ResnetOptions {
        temb_channels: Some(config.time_embed_dim()),
        groups: config.norm_num_groups,
        eps: config.norm_eps,
    }
}

/// The options of the transformers of down block `level` and of the up block opposite.
fn transformer_options(config: &UNetConfig, level: usize) -> TransformerOptions {
    TransformerOptions {
        channels: config.block_out_channels[level],
        heads: config.attention_head_dim[level],
        layers: config.transformer_layers_per_block[level],
        cross_attention_dim: config.cross_attention_dim[level],
        groups: config.norm_num_groups,
        linear_projection: config.use_linear_projection,
        only_cross_attention: config.only_cross_attention[level],
    }
}
