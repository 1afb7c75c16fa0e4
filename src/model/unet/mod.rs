//! The UNet that predicts the noise (diffusers `UNet2DConditionModel`).
//!
//! One file per named part: [`embeddings`], [`resnet`], [`transformer`], [`blocks`]; [`stages`] puts
//! them in order, and [`layer_shapes`] lists the layers from the config alone. Fields carry
//! the checkpoint's names, so a layer's path is its field's: `down_blocks.0.resnets.0.conv1`.

pub mod attention_maps;
pub mod blocks;
pub mod embeddings;
pub mod layer_shapes;
pub mod resnet;
pub mod stages;
pub mod transformer;

use burn::tensor::{Tensor, activation::silu};

use self::attention_maps::{AttentionMap, AttentionMaps};
use self::blocks::{Conditions, DownBlock2D, MidBlock2D, UpBlock2D, UpChannels};
use self::embeddings::{TimestepEmbedding, timestep_embedding};
use self::resnet::ResnetOptions;
use self::transformer::TransformerOptions;
use super::config::{DownBlockType, MidBlockType, UNetConfig, UpBlockType};
use super::layers::{Conv2d, GroupNorm, LayerMut, Visitor};
use crate::error::Result;
use crate::weights::Weights;

/// diffusers `UNet2DConditionModel`.
#[derive(Clone, Debug)]
pub struct UNet2DConditionModel {
    /// 3×3, latents to the first block's channels.
    pub conv_in: Conv2d,
    /// The timestep's way in.
    pub time_embedding: TimestepEmbedding,
    /// From the input on.
    pub down_blocks: Vec<DownBlock2D>,
    /// From the middle on.
    pub up_blocks: Vec<UpBlock2D>,
    /// Left out in some distilled models.
    pub mid_block: Option<MidBlock2D>,
    /// Before `conv_out`.
    pub conv_norm_out: GroupNorm,
    /// 3×3, to the prediction.
    pub conv_out: Conv2d,
    /// Order of the timestep's sinusoid.
    pub flip_sin_to_cos: bool,
    /// Shift of the sinusoid's frequencies.
    pub freq_shift: f64,
}

impl UNet2DConditionModel {
    /// Builds the UNet that `config` describes, taking every tensor from `weights`.
    ///
    /// # Errors
    /// A missing or misshapen tensor, by name.
    pub fn load(config: &UNetConfig, weights: &mut Weights) -> Result<Self> {
        let channels = &config.block_out_channels;
        let blocks = channels.len();
        let first = channels[0];
        let temb = config.time_embed_dim();
        let resnet = ResnetOptions {
            temb_channels: Some(temb),
            groups: config.norm_num_groups,
            eps: config.norm_eps,
        };
        let attention = |level: usize| TransformerOptions {
            channels: channels[level],
            heads: config.attention_head_dim[level],
            layers: config.transformer_layers_per_block[level],
            cross_attention_dim: config.cross_attention_dim[level],
            groups: config.norm_num_groups,
            linear_projection: config.use_linear_projection,
            only_cross_attention: config.only_cross_attention[level],
        };
        let down_blocks = (0..blocks)
            .map(|level| {
                let attends = config.down_block_types[level] == DownBlockType::CrossAttnDownBlock2D;
                DownBlock2D::load(
                    weights,
                    &format!("down_blocks.{level}"),
                    [channels[level.saturating_sub(1)], channels[level]],
                    config.layers_per_block[level],
                    resnet,
                    attends.then(|| attention(level)),
                    level + 1 < blocks,
                )
            })
            .collect::<Result<_>>()?;
        let up_blocks = (0..blocks)
            .map(|i| {
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
                    resnet,
                    attends.then(|| attention(level)),
                    level > 0,
                )
            })
            .collect::<Result<_>>()?;
        let mid_block = match config.mid_block_type {
            None => None,
            Some(MidBlockType::UNetMidBlock2DCrossAttn) => {
                let options = TransformerOptions {
                    only_cross_attention: false,
                    ..attention(blocks - 1)
                };
                Some(MidBlock2D::load(weights, "mid_block", resnet, options)?)
            }
        };
        Ok(Self {
            conv_in: Conv2d::load(weights, "conv_in", [config.in_channels, first], 3, 1, 1)?,
            time_embedding: TimestepEmbedding::load(
                weights,
                "time_embedding",
                first,
                temb,
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

    /// Latents `[batch, in_channels, h, w]` of any size, timesteps `[batch]`, text embeddings
    /// `[batch, tokens, cross_attention_dim]`, to the prediction `[batch, out_channels, h, w]`.
    pub fn forward(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
    ) -> Tensor<4> {
        self.forward_guided(sample, timesteps, encoder_hidden_states, None)
    }

    /// As [`forward`](Self::forward), and the maps of the attentions to the text, from the same pass.
    pub fn forward_with_maps(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
    ) -> (Tensor<4>, Vec<AttentionMap>) {
        self.forward_guided_with_maps(sample, timesteps, encoder_hidden_states, None)
    }

    /// As [`forward_guided`](Self::forward_guided), and the maps of the attentions to the text.
    pub fn forward_guided_with_maps(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
    ) -> (Tensor<4>, Vec<AttentionMap>) {
        let maps = AttentionMaps::default();
        let prediction = self.forward_keeping(
            sample,
            timesteps,
            encoder_hidden_states,
            timestep_cond,
            Some(&maps),
        );
        (prediction, maps.into_maps())
    }

    /// The guidance scale's embedding `[batch, time_cond_proj_dim]` of a latent consistency model,
    /// which has guidance within it, or `None` for all others (diffusers
    /// `get_guidance_scale_embedding` of `guidance_scale - 1`).
    pub fn guidance_embedding(&self, guidance_scale: f64, batch: usize) -> Option<Tensor<2>> {
        let weight = &self.time_embedding.cond_proj.as_ref()?.weight;
        let ([_, channels], device) = (weight.dims(), weight.device());
        let scale = Tensor::full([batch], 1000.0 * (guidance_scale - 1.0), &device);
        Some(timestep_embedding(scale, channels, false, 1.0))
    }

    /// As [`forward`](Self::forward), with the guidance scale's embedding
    /// `[batch, time_cond_proj_dim]` of latent consistency models (diffusers' `timestep_cond`).
    pub fn forward_guided(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
    ) -> Tensor<4> {
        self.forward_keeping(
            sample,
            timesteps,
            encoder_hidden_states,
            timestep_cond,
            None,
        )
    }

    fn forward_keeping(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
        maps: Option<&AttentionMaps>,
    ) -> Tensor<4> {
        let conditions = Conditions {
            silu_temb: self.embed_timesteps(timesteps, timestep_cond),
            text: encoder_hidden_states,
            maps,
        };
        let (mut x, mut skips) = (sample, Vec::new());
        for stage in self.stages() {
            let inputs = stage.inputs(x, &mut skips);
            x = stage.forward(inputs, &conditions);
            if stage.gives_skip {
                skips.push(x.clone());
            }
        }
        x
    }

    /// Timesteps `[batch]` as every residual block takes them: their embedding after SiLU,
    /// `[batch, time_embed_dim]`. `timestep_cond` as in [`forward_guided`](Self::forward_guided).
    pub fn embed_timesteps(
        &self,
        timesteps: Tensor<1>,
        timestep_cond: Option<Tensor<2>>,
    ) -> Tensor<2> {
        let first = self.conv_norm_out.weight.dims()[0];
        let sinusoid = timestep_embedding(timesteps, first, self.flip_sin_to_cos, self.freq_shift);
        silu(self.time_embedding.forward(sinusoid, timestep_cond))
    }

    /// Hands every linear layer, convolution and norm to `visitor`, with its path.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
        visitor("conv_in", LayerMut::Conv2d(&mut self.conv_in))?;
        self.time_embedding.visit_mut("time_embedding", visitor)?;
        for (i, block) in self.down_blocks.iter_mut().enumerate() {
            block.visit_mut(&format!("down_blocks.{i}"), visitor)?;
        }
        for (i, block) in self.up_blocks.iter_mut().enumerate() {
            block.visit_mut(&format!("up_blocks.{i}"), visitor)?;
        }
        if let Some(block) = &mut self.mid_block {
            block.visit_mut("mid_block", visitor)?;
        }
        visitor(
            "conv_norm_out",
            LayerMut::Norm(&mut self.conv_norm_out.weight),
        )?;
        visitor("conv_out", LayerMut::Conv2d(&mut self.conv_out))
    }
}
