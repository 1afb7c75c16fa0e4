//! The UNet that predicts the noise (diffusers `UNet2DConditionModel`).
//!
//! Fields carry the names of the checkpoint, so the path of a layer is the path of its field:
//! `down_blocks.0.resnets.0.conv1`.
//!
//! | module | content |
//! |---|---|
//! | `load` | the UNet from config and weights |
//! | [`stages`] | the forward pass, stage by stage |
//! | [`blocks`] | down, middle and up blocks |
//! | [`resnet`] | residual blocks, down- and upsampling |
//! | [`transformer`], [`transformer_block`] | the transformer of a block |
//! | [`attention`], [`feed_forward`] | its parts |
//! | [`embeddings`] | the time embedding |
//! | [`conditions`] | what every block is given: time and text embeddings |
//! | [`attention_maps`] | recorded cross-attention maps |

pub mod attention;
pub mod attention_maps;
pub mod blocks;
pub mod conditions;
pub mod embeddings;
pub mod feed_forward;
mod load;
pub mod resnet;
pub mod stages;
pub mod transformer;
pub mod transformer_block;

use burn::tensor::{Tensor, activation::silu};

use self::attention_maps::{AttentionMap, AttentionMaps};
use self::blocks::{DownBlock2D, MidBlock2D, UpBlock2D};
use self::conditions::Conditions;
use self::embeddings::{TimestepEmbedding, timestep_embedding};
use crate::error::Result;
use crate::model::layers::{Conv2d, GroupNorm, LayerMut, Visitor};

/// diffusers `UNet2DConditionModel`.
#[derive(Clone, Debug)]
pub struct UNet2DConditionModel {
    /// 3×3, latents to the first block's channels.
    pub conv_in: Conv2d,
    /// Sinusoid to time embedding.
    pub time_embedding: TimestepEmbedding,
    /// From the highest resolution down.
    pub down_blocks: Vec<DownBlock2D>,
    /// From the lowest resolution up.
    pub up_blocks: Vec<UpBlock2D>,
    /// `None` in distilled models without it.
    pub mid_block: Option<MidBlock2D>,
    /// Before `conv_out`.
    pub conv_norm_out: GroupNorm,
    /// 3×3, to the prediction.
    pub conv_out: Conv2d,
    /// Whether the sinusoid is (cos, sin) rather than (sin, cos).
    pub flip_sin_to_cos: bool,
    /// Subtracted from the half dimension in the sinusoid's frequencies.
    pub freq_shift: f64,
}

impl UNet2DConditionModel {
    /// The prediction (noise, velocity or sample, as the scheduler's config says) for noisy latents.
    ///
    /// # Shapes
    /// `sample`: `[batch, in_channels, h, w]`, any h and w; `timesteps`: `[batch]`;
    /// `encoder_hidden_states`: `[batch, tokens, cross_attention_dim]`; result:
    /// `[batch, out_channels, h, w]`.
    pub fn forward(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
    ) -> Tensor<4> {
        self.forward_guided(sample, timesteps, encoder_hidden_states, None)
    }

    /// As [`forward`](Self::forward); returns the cross-attention maps too.
    pub fn forward_with_maps(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
    ) -> (Tensor<4>, Vec<AttentionMap>) {
        self.forward_guided_with_maps(sample, timesteps, encoder_hidden_states, None)
    }

    /// As [`forward_guided`](Self::forward_guided); returns the cross-attention maps too.
    pub fn forward_guided_with_maps(
        &self,
        sample: Tensor<4>,
        timesteps: Tensor<1>,
        encoder_hidden_states: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
    ) -> (Tensor<4>, Vec<AttentionMap>) {
        let maps = AttentionMaps::default();
        let prediction = self.forward_recording(
            sample,
            timesteps,
            encoder_hidden_states,
            timestep_cond,
            Some(&maps),
        );
        (prediction, maps.into_maps())
    }

    /// The guidance scale's embedding `[batch, time_cond_proj_dim]` for a latent consistency model,
    /// into which guidance is distilled; `None` for other models (diffusers
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
        self.forward_recording(
            sample,
            timesteps,
            encoder_hidden_states,
            timestep_cond,
            None,
        )
    }

    fn forward_recording(
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

    /// The time embedding after SiLU `[batch, time_embed_dim]` of timesteps `[batch]`, as the
    /// residual blocks take it; `timestep_cond` as in [`forward_guided`](Self::forward_guided).
    pub fn embed_timesteps(
        &self,
        timesteps: Tensor<1>,
        timestep_cond: Option<Tensor<2>>,
    ) -> Tensor<2> {
        let first = self.conv_norm_out.weight.dims()[0];
        let sinusoid = timestep_embedding(timesteps, first, self.flip_sin_to_cos, self.freq_shift);
        silu(self.time_embedding.forward(sinusoid, timestep_cond))
    }

    /// Calls `visitor` for every linear layer, convolution and norm, with its path.
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
