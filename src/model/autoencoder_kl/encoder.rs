//! Pictures to moments (diffusers `Encoder` in `autoencoders/vae.py`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::autoencoder_kl::mid_block::{MidBlock, resnet_options};
use crate::model::config::VaeConfig;
use crate::model::layers::{Conv2d, GroupNorm};
use crate::model::unet::resnet::{Downsample2D, ResnetBlock2D};
use crate::weights::Weights;

/// diffusers `Encoder`.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// 3×3, picture to the first level's channels.
    pub conv_in: Conv2d,
    /// From the highest resolution down.
    pub down_blocks: Vec<DownEncoderBlock2D>,
    /// At the lowest resolution.
    pub mid_block: MidBlock,
    /// Before `conv_out`.
    pub conv_norm_out: GroupNorm,
    /// 3×3, to mean and log-variance.
    pub conv_out: Conv2d,
}

/// diffusers `DownEncoderBlock2D`.
#[derive(Clone, Debug)]
pub struct DownEncoderBlock2D {
    /// `layers_per_block` of them.
    pub resnets: Vec<ResnetBlock2D>,
    /// `downsamplers.0` in the checkpoint; the last level has none.
    pub downsampler: Option<Downsample2D>,
}

impl Encoder {
    /// Takes its tensors under `encoder`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(config: &VaeConfig, weights: &mut Weights) -> Result<Self> {
        let channels = &config.block_out_channels;
        let levels = channels.len();
        let [first, last] = [channels[0], channels[levels - 1]];
        let options = resnet_options(config);
        let down_blocks = (0..levels)
            .map(|level| {
                let path = format!("encoder.down_blocks.{level}");
                let c_out = channels[level];
                let resnets = (0..config.layers_per_block)
                    .map(|j| {
                        let c_in = if j == 0 {
                            channels[level.saturating_sub(1)]
                        } else {
                            c_out
                        };
                        let path = format!("{path}.resnets.{j}");
                        ResnetBlock2D::load(weights, &path, [c_in, c_out], options)
                    })
                    .collect::<Result<_>>()?;
                let downsampler = (level + 1 < levels)
                    .then(|| {
                        Downsample2D::load(weights, &format!("{path}.downsamplers.0"), c_out, 0)
                    })
                    .transpose()?;
                Ok(DownEncoderBlock2D {
                    resnets,
                    downsampler,
                })
            })
            .collect::<Result<_>>()?;
        let moments = 2 * config.latent_channels;
        Ok(Self {
            conv_in: Conv2d::load(
                weights,
                "encoder.conv_in",
                [config.in_channels, first],
                3,
                1,
                1,
            )?,
            down_blocks,
            mid_block: MidBlock::load(config, weights, "encoder.mid_block", last)?,
            conv_norm_out: GroupNorm::load(
                weights,
                "encoder.conv_norm_out",
                last,
                config.norm_num_groups,
                1e-6,
            )?,
            conv_out: Conv2d::load(weights, "encoder.conv_out", [last, moments], 3, 1, 1)?,
        })
    }

    /// `[batch, in_channels, h, w]` to `[batch, 2 · latent_channels, h', w']`.
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        let mut x = self.conv_in.forward(pictures);
        for block in &self.down_blocks {
            for resnet in &block.resnets {
                x = resnet.forward(x, None);
            }
            if let Some(downsampler) = &block.downsampler {
                x = downsampler.forward(x);
            }
        }
        let x = self.mid_block.forward(x);
        self.conv_out.forward(self.conv_norm_out.forward_silu(x))
    }
}
