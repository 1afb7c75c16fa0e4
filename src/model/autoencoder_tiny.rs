//! Pictures to latents and back by a small distilled autoencoder (diffusers `AutoencoderTiny`, the
//! architecture of TAESD): plain convolutions and ReLU, no norms, no distribution.

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, activation::relu};

use super::config::VaeTinyConfig;
use super::layers::{Conv2d, Weight};
use crate::error::Result;
use crate::weights::Weights;

/// diffusers `AutoencoderTiny`.
#[derive(Clone, Debug)]
pub struct AutoencoderTiny {
    encoder: Vec<Layer>,
    decoder: Vec<Layer>,
    latent_magnitude: f64,
    latent_shift: f64,
    scaling_factor: f64,
}

/// A part of `encoder.layers` or `decoder.layers`.
#[expect(
    clippy::large_enum_variant,
    reason = "one per layer, and what it holds are handles"
)]
#[derive(Clone, Debug)]
enum Layer {
    Conv(Conv2d),
    Block(AutoencoderTinyBlock),
    Relu,
    /// Nearest neighbours, twice the side.
    Upsample,
}

/// diffusers `AutoencoderTinyBlock` with as many channels out as in: ReLU of three convolutions,
/// with ReLU between them, and the input.
#[derive(Clone, Debug)]
struct AutoencoderTinyBlock {
    conv: [Conv2d; 3],
}

impl AutoencoderTiny {
    /// Builds the autoencoder that `config` describes, taking every tensor from `weights`, under
    /// `encoder.layers` and `decoder.layers`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(config: &VaeTinyConfig, weights: &mut Weights) -> Result<Self> {
        Ok(Self {
            encoder: encoder(config, weights)?,
            decoder: decoder(config, weights)?,
            latent_magnitude: config.latent_magnitude,
            latent_shift: config.latent_shift,
            scaling_factor: config.scaling_factor,
        })
    }

    /// Pictures `[batch, in_channels, h, w]` in [-1, 1] to latents of `h / 2^(levels-1)`.
    pub fn encode(&self, pictures: Tensor<4>) -> Tensor<4> {
        // TAESD's pictures are in [0, 1].
        run(&self.encoder, (pictures + 1.0) / 2.0)
    }

    /// Latents, already divided by [`scaling_factor`](Self::scaling_factor), to pictures
    /// `[batch, out_channels, h, w]`, about [-1, 1] and not clamped.
    pub fn decode(&self, latents: Tensor<4>) -> Tensor<4> {
        run(&self.decoder, (latents / 3.0).tanh() * 3.0) * 2.0 - 1.0
    }

    /// Latents to [0, 1], as a picture file could keep them; shape-preserving.
    pub fn scale_latents(&self, latents: Tensor<4>) -> Tensor<4> {
        (latents / (2.0 * self.latent_magnitude) + self.latent_shift).clamp(0.0, 1.0)
    }

    /// The way back from [`scale_latents`](Self::scale_latents), but for what it clamped.
    pub fn unscale_latents(&self, scaled: Tensor<4>) -> Tensor<4> {
        (scaled - self.latent_shift) * (2.0 * self.latent_magnitude)
    }

    /// What latents are multiplied by before the UNet sees them.
    pub fn scaling_factor(&self) -> f64 {
        self.scaling_factor
    }
}

/// diffusers `EncoderTiny`.
fn encoder(config: &VaeTinyConfig, weights: &mut Weights) -> Result<Vec<Layer>> {
    let channels = config.encoder_channels;
    let mut layers = Sequential::new("encoder.layers", weights);
    for (level, &blocks) in config.num_encoder_blocks.iter().enumerate() {
        if level == 0 {
            layers.conv([config.in_channels, channels], 1, true)?;
        } else {
            layers.conv([channels; 2], 2, false)?;
        }
        layers.blocks(blocks, channels)?;
    }
    layers.conv([channels, config.latent_channels], 1, true)?;
    Ok(layers.list)
}

/// diffusers `DecoderTiny`.
fn decoder(config: &VaeTinyConfig, weights: &mut Weights) -> Result<Vec<Layer>> {
    let channels = config.decoder_channels;
    let last = config.num_decoder_blocks.len() - 1;
    let mut layers = Sequential::new("decoder.layers", weights);
    layers.conv([config.latent_channels, channels], 1, true)?;
    layers.list.push(Layer::Relu);
    for (level, &blocks) in config.num_decoder_blocks.iter().enumerate() {
        layers.blocks(blocks, channels)?;
        if level == last {
            layers.conv([channels, config.out_channels], 1, true)?;
        } else {
            layers.list.push(Layer::Upsample);
            layers.conv([channels; 2], 1, false)?;
        }
    }
    Ok(layers.list)
}

/// torch.nn.Sequential under construction: a layer's path is its number.
struct Sequential<'a> {
    path: &'static str,
    weights: &'a mut Weights,
    list: Vec<Layer>,
}

impl<'a> Sequential<'a> {
    fn new(path: &'static str, weights: &'a mut Weights) -> Self {
        Self {
            path,
            weights,
            list: Vec::new(),
        }
    }

    fn conv(&mut self, channels: [usize; 2], stride: usize, bias: bool) -> Result<()> {
        let path = format!("{}.{}", self.path, self.list.len());
        let conv = conv(self.weights, &path, channels, stride, bias)?;
        self.list.push(Layer::Conv(conv));
        Ok(())
    }

    fn blocks(&mut self, blocks: usize, channels: usize) -> Result<()> {
        for _ in 0..blocks {
            let path = format!("{}.{}.conv", self.path, self.list.len());
            let mut next = |place: usize| {
                let path = format!("{path}.{place}");
                conv(self.weights, &path, [channels; 2], 1, true)
            };
            let conv = [next(0)?, next(2)?, next(4)?];
            self.list.push(Layer::Block(AutoencoderTinyBlock { conv }));
        }
        Ok(())
    }
}

/// 3×3 with one pixel of padding; those that change the side have no bias.
fn conv(
    weights: &mut Weights,
    path: &str,
    [c_in, c_out]: [usize; 2],
    stride: usize,
    bias: bool,
) -> Result<Conv2d> {
    Ok(Conv2d {
        weight: Weight::take(weights, path, &[c_out, c_in, 3, 3])?,
        bias: match bias {
            true => Some(weights.take(&format!("{path}.bias"), [c_out])?),
            false => None,
        },
        in_channels: c_in,
        kernel_size: 3,
        stride,
        padding: 1,
    })
}

fn run(layers: &[Layer], x: Tensor<4>) -> Tensor<4> {
    layers.iter().fold(x, |x, layer| match layer {
        Layer::Conv(conv) => conv.forward(x),
        Layer::Block(block) => block.forward(x),
        Layer::Relu => relu(x),
        Layer::Upsample => {
            let [.., height, width] = x.dims();
            let nearest = InterpolateOptions::new(InterpolateMode::Nearest)
                .with_output_size([2 * height, 2 * width]);
            interpolate(x, nearest)
        }
    })
}

impl AutoencoderTinyBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [first, second, third] = &self.conv;
        let inner = relu(second.forward(relu(first.forward(x.clone()))));
        relu(third.forward(inner) + x)
    }
}
