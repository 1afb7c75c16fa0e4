//! The middle of the encoder and the decoder: residual block, attention over all pixels, residual
//! block (diffusers `UNetMidBlock2D`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::config::VaeConfig;
use crate::model::layers::{GroupNorm, Linear};
use crate::model::unet::attention::Attention;
use crate::model::unet::resnet::{ResnetBlock2D, ResnetOptions};
use crate::weights::Weights;

/// diffusers `UNetMidBlock2D` with one layer.
#[derive(Clone, Debug)]
pub struct MidBlock {
    /// Two, before and after the attention.
    pub resnets: Vec<ResnetBlock2D>,
    /// `None` without the config's `mid_block_add_attention`.
    pub attention: Option<AttentionBlock>,
}

/// diffusers `Attention` with a GroupNorm, one head and a residual connection.
#[derive(Clone, Debug)]
pub struct AttentionBlock {
    /// Before the attention.
    pub group_norm: GroupNorm,
    /// One head over all channels, with biases.
    pub attention: Attention,
}

impl MidBlock {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        config: &VaeConfig,
        weights: &mut Weights,
        path: &str,
        channels: usize,
    ) -> Result<Self> {
        let options = resnet_options(config);
        Ok(Self {
            attention: config
                .mid_block_add_attention
                .then(|| {
                    let path = format!("{path}.attentions.0");
                    AttentionBlock::load(config, weights, &path, channels)
                })
                .transpose()?,
            resnets: (0..2)
                .map(|j| {
                    let path = format!("{path}.resnets.{j}");
                    ResnetBlock2D::load(weights, &path, [channels; 2], options)
                })
                .collect::<Result<_>>()?,
        })
    }

    /// `[batch, channels, h, w]`, same shape out.
    pub fn forward(&self, mut x: Tensor<4>) -> Tensor<4> {
        for (j, resnet) in self.resnets.iter().enumerate() {
            x = resnet.forward(x, None);
            if let (0, Some(attention)) = (j, &self.attention) {
                x = attention.forward(x);
            }
        }
        x
    }
}

impl AttentionBlock {
    /// Takes its tensors under `path`: `to_q`, `to_k`, `to_v` and `to_out.0`, or the names of older
    /// checkpoints, `query`, `key`, `value` and `proj_attn`.
    fn load(
        config: &VaeConfig,
        weights: &mut Weights,
        path: &str,
        channels: usize,
    ) -> Result<Self> {
        let old = !weights.has(&format!("{path}.to_q.weight"))
            && weights.has(&format!("{path}.query.weight"));
        let names = if old {
            ["query", "key", "value", "proj_attn"]
        } else {
            ["to_q", "to_k", "to_v", "to_out.0"]
        };
        let group_norm = GroupNorm::load(
            weights,
            &format!("{path}.group_norm"),
            channels,
            config.norm_num_groups,
            1e-6,
        )?;
        let mut linear =
            |name: &str| Linear::load(weights, &format!("{path}.{name}"), channels, channels, true);
        Ok(Self {
            group_norm,
            attention: Attention {
                to_q: linear(names[0])?,
                to_k: linear(names[1])?,
                to_v: linear(names[2])?,
                to_out: linear(names[3])?,
                heads: 1,
            },
        })
    }

    /// `[batch, channels, h, w]`, same shape out.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let tokens = self.group_norm.forward(x.clone());
        let tokens = tokens
            .reshape([batch, channels, height * width])
            .swap_dims(1, 2);
        let y = self.attention.forward(tokens.clone(), tokens);
        x + y.swap_dims(1, 2).reshape([batch, channels, height, width])
    }
}

/// The options of all residual blocks of the autoencoder, which have no time embedding.
pub(super) fn resnet_options(config: &VaeConfig) -> ResnetOptions {
    ResnetOptions {
        temb_channels: None,
        groups: config.norm_num_groups,
        eps: 1e-6,
    }
}
