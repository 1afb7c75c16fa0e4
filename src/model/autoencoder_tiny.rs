//! A small distilled autoencoder (diffusers `AutoencoderTiny`, TAESD): convolutions and ReLU, without
//! norms and without a distribution of latents.

use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, activation::relu};

use crate::error::Result;
use crate::model::config::VaeTinyConfig;
use crate::model::layers::{Conv2d, Weight};
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

/// An element of `encoder.layers` or `decoder.layers`.
#[expect(
    clippy::large_enum_variant,
    reason = "one per layer, and what it holds are handles"
)]
#[derive(Clone, Debug)]
enum Layer {
    Conv(Conv2d),
    Block(AutoencoderTinyBlock),
    Relu,
    /// Nearest-neighbour interpolation to twice the side.
    Upsample,
}

/// diffusers `AutoencoderTinyBlock` with equal input and output channels: ReLU of the input plus three
/// convolutions with ReLU between them.
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

    /// Encodes pictures `[batch, in_channels, h, w]` in [-1, 1] to latents with sides
    /// `h / 2^(levels-1)` and `w / 2^(levels-1)`.
    pub fn encode(&self, pictures: Tensor<4>) -> Tensor<4> {
        // TAESD's pictures are in [0, 1].
        run(&self.encoder, (pictures + 1.0) / 2.0)
    }

    /// Decodes latents, already divided by [`scaling_factor`](Self::scaling_factor), to pictures
    /// `[batch, out_channels, h, w]`, about [-1, 1] and not clamped.
    pub fn decode(&self, latents: Tensor<4>) -> Tensor<4> {
        run(&self.decoder, (latents / 3.0).tanh() * 3.0) * 2.0 - 1.0
    }

    /// Maps latents to [0, 1], for storage in a picture file; shape-preserving.
    pub fn scale_latents(&self, latents: Tensor<4>) -> Tensor<4> {
        (latents / (2.0 * self.latent_magnitude) + self.latent_shift).clamp(0.0, 1.0)
    }

    /// The inverse of [`scale_latents`](Self::scale_latents), except for clamped values.
    pub fn unscale_latents(&self, scaled: Tensor<4>) -> Tensor<4> {
        (scaled - self.latent_shift) * (2.0 * self.latent_magnitude)
    }

    /// The factor by which latents are multiplied for the UNet.
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

/// A torch.nn.Sequential under construction; the path of a layer is its index.
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

/// A 3×3 convolution with padding 1. Layers that change the resolution have no bias.
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
