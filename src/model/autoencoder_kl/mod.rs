//! Pictures to latents and back (diffusers `AutoencoderKL`).

mod decoder;
mod encoder;
mod mid_block;
mod tiling;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use mid_block::{AttentionBlock, MidBlock};

use burn::tensor::Tensor;

use self::tiling::{Tiling, tiled};
use crate::error::Result;
use crate::model::config::VaeConfig;
use crate::model::layers::Conv2d;
use crate::weights::Weights;

/// diffusers `AutoencoderKL`.
#[derive(Clone, Debug)]
pub struct AutoencoderKL {
    /// Pictures to mean and log-variance.
    pub encoder: Encoder,
    /// Latents to pictures.
    pub decoder: Decoder,
    /// 1×1, after the encoder.
    pub quant_conv: Option<Conv2d>,
    /// 1×1, before the decoder.
    pub post_quant_conv: Option<Conv2d>,
    scaling_factor: f64,
    /// Picture pixels per latent pixel, along one side.
    scale: usize,
    tiling: Option<Tiling>,
}

/// The distribution of the latents before scaling, one Gaussian per value (diffusers
/// `DiagonalGaussianDistribution`).
#[derive(Clone, Debug)]
pub struct LatentDistribution {
    /// `[batch, latent_channels, h, w]`.
    pub mean: Tensor<4>,
    /// Logarithm of the variance, clamped to [-30, 20]; same shape as `mean`.
    pub log_variance: Tensor<4>,
}

impl LatentDistribution {
    /// A sample: mean + exp(log_variance / 2) · `noise`, for standard normal `noise` of the same
    /// shape.
    pub fn sample(&self, noise: Tensor<4>) -> Tensor<4> {
        self.mean.clone() + (self.log_variance.clone() * 0.5).exp() * noise
    }
}

impl AutoencoderKL {
    /// Builds the autoencoder that `config` describes, taking every tensor from `weights`.
    ///
    /// The attention may have its older names `query`, `key`, `value` and `proj_attn`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(config: &VaeConfig, weights: &mut Weights) -> Result<Self> {
        let latents = config.latent_channels;
        let pointwise = |weights: &mut Weights, name: &str, wanted: bool, channels: usize| {
            wanted
                .then(|| Conv2d::load(weights, name, [channels; 2], 1, 1, 0))
                .transpose()
        };
        Ok(Self {
            encoder: Encoder::load(config, weights)?,
            decoder: Decoder::load(config, weights)?,
            quant_conv: pointwise(weights, "quant_conv", config.use_quant_conv, 2 * latents)?,
            post_quant_conv: pointwise(
                weights,
                "post_quant_conv",
                config.use_post_quant_conv,
                latents,
            )?,
            scaling_factor: config.scaling_factor,
            scale: config.scale(),
            tiling: None,
        })
    }

    /// Enables tiling for pictures with a side above `sample` pixels, in tiles of that side
    /// (diffusers' `enable_tiling` with `tile_sample_min_size`); `None` disables it.
    ///
    /// # Errors
    /// `Settings` if a quarter of a tile is not a whole number of latent pixels.
    pub fn set_tiling(&mut self, sample: Option<usize>) -> Result<()> {
        let tiling = sample.map(|sample| Tiling::new(sample, self.scale));
        self.tiling = tiling.transpose()?;
        Ok(())
    }

    /// Encodes pictures `[batch, in_channels, h, w]` in [-1, 1] to latents with sides
    /// `h / 2^(levels-1)` and `w / 2^(levels-1)`.
    pub fn encode(&self, pictures: Tensor<4>) -> LatentDistribution {
        let encode = |pictures| {
            let moments = self.encoder.forward(pictures);
            match &self.quant_conv {
                Some(conv) => conv.forward(moments),
                None => moments,
            }
        };
        let [_, _, height, width] = pictures.dims();
        let moments = match self.tiling {
            Some(Tiling { sample, latent }) if height.max(width) > sample => {
                tiled(pictures, [sample, latent], encode)
            }
            _ => encode(pictures),
        };
        let channels = moments.dims()[1] / 2;
        LatentDistribution {
            mean: moments.clone().narrow(1, 0, channels),
            log_variance: moments.narrow(1, channels, channels).clamp(-30.0, 20.0),
        }
    }

    /// Decodes latents, already divided by [`scaling_factor`](Self::scaling_factor), to pictures
    /// `[batch, out_channels, h, w]`, about [-1, 1] and not clamped.
    pub fn decode(&self, latents: Tensor<4>) -> Tensor<4> {
        let decode = |latents| {
            let latents = match &self.post_quant_conv {
                Some(conv) => conv.forward(latents),
                None => latents,
            };
            self.decoder.forward(latents)
        };
        let [_, _, height, width] = latents.dims();
        match self.tiling {
            Some(Tiling { sample, latent }) if height.max(width) > latent => {
                tiled(latents, [latent, sample], decode)
            }
            _ => decode(latents),
        }
    }

    /// The factor by which latents are multiplied for the UNet, so that their variance is about 1.
    pub fn scaling_factor(&self) -> f64 {
        self.scaling_factor
    }
}
