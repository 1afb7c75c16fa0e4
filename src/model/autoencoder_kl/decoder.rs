//! Latents to pictures (diffusers `Decoder` in `autoencoders/vae.py`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::autoencoder_kl::mid_block::{MidBlock, resnet_options};
use crate::model::config::VaeConfig;
use crate::model::layers::{Conv2d, GroupNorm};
use crate::model::unet::resnet::{ResnetBlock2D, Upsample2D};
use crate::weights::Weights;

/// diffusers `Decoder`.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// 3×3, latents to the last level's channels.
    pub conv_in: Conv2d,
    /// At the lowest resolution.
    pub mid_block: MidBlock,
    /// From the lowest resolution up.
    pub up_blocks: Vec<UpDecoderBlock2D>,
    /// Before `conv_out`.
    pub conv_norm_out: GroupNorm,
    /// 3×3, to the picture.
    pub conv_out: Conv2d,
}

/// diffusers `UpDecoderBlock2D`.
#[derive(Clone, Debug)]
pub struct UpDecoderBlock2D {
    /// `layers_per_block + 1` of them.
    pub resnets: Vec<ResnetBlock2D>,
    /// `upsamplers.0` in the checkpoint; the last level has none.
    pub upsampler: Option<Upsample2D>,
}

impl Decoder {
    /// Takes its tensors under `decoder`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(config: &VaeConfig, weights: &mut Weights) -> Result<Self> {
        let channels = &config.block_out_channels;
        let levels = channels.len();
        let [first, last] = [channels[0], channels[levels - 1]];
        let options = resnet_options(config);
        let up_blocks = (0..levels)
            .map(|i| {
                let path = format!("decoder.up_blocks.{i}");
                let level = levels - 1 - i;
                let c_out = channels[level];
                let resnets = (0..=config.layers_per_block)
                    .map(|j| {
                        let c_in = if j == 0 {
                            channels[(level + 1).min(levels - 1)]
                        } else {
                            c_out
                        };
                        let path = format!("{path}.resnets.{j}");
                        ResnetBlock2D::load(weights, &path, [c_in, c_out], options)
                    })
                    .collect::<Result<_>>()?;
                let upsampler = (level > 0)
                    .then(|| Upsample2D::load(weights, &format!("{path}.upsamplers.0"), c_out))
                    .transpose()?;
                Ok(UpDecoderBlock2D { resnets, upsampler })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            conv_in: Conv2d::load(
                weights,
                "decoder.conv_in",
                [config.latent_channels, last],
                3,
                1,
                1,
            )?,
            mid_block: MidBlock::load(config, weights, "decoder.mid_block", last)?,
            up_blocks,
            conv_norm_out: GroupNorm::load(
                weights,
                "decoder.conv_norm_out",
                first,
                config.norm_num_groups,
                1e-6,
            )?,
            conv_out: Conv2d::load(
                weights,
                "decoder.conv_out",
                [first, config.out_channels],
                3,
                1,
                1,
            )?,
        })
    }

    /// `[batch, latent_channels, h, w]` to `[batch, out_channels, h', w']`.
    pub fn forward(&self, latents: Tensor<4>) -> Tensor<4> {
        let mut x = self.mid_block.forward(self.conv_in.forward(latents));
        for block in &self.up_blocks {
            for resnet in &block.resnets {
                x = resnet.forward(x, None);
            }
            if let Some(upsampler) = &block.upsampler {
                let [.., height, width] = x.dims();
                x = upsampler.forward(x, [2 * height, 2 * width]);
            }
        }
        self.conv_out.forward(self.conv_norm_out.forward_silu(x))
    }
}
