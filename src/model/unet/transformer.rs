//! The transformer of a UNet block (diffusers `transformer_2d.py`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::layers::{Conv2d, GroupNorm, LayerMut, Linear, Visitor};
use crate::model::unet::conditions::Conditions;
use crate::model::unet::transformer_block::{BasicTransformerBlock, TransformerOptions};
use crate::weights::Weights;

/// diffusers `Transformer2DModel` with continuous input.
#[derive(Clone, Debug)]
pub struct Transformer2DModel {
    /// GroupNorm of the input.
    pub norm: GroupNorm,
    /// Before the blocks; keeps the number of channels.
    pub proj_in: Projection,
    /// In the order of the pass.
    pub transformer_blocks: Vec<BasicTransformerBlock>,
    /// After the blocks; keeps the number of channels.
    pub proj_out: Projection,
}

/// `proj_in` or `proj_out`, as the config's `use_linear_projection` says.
#[derive(Clone, Debug)]
pub enum Projection {
    /// A linear layer over the tokens.
    Linear(Linear),
    /// A 1×1 convolution.
    Conv2d(Conv2d),
}

impl Transformer2DModel {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(weights: &mut Weights, path: &str, options: TransformerOptions) -> Result<Self> {
        let channels = options.channels;
        let projection = |weights: &mut Weights, name: &str| -> Result<Projection> {
            let path = format!("{path}.{name}");
            Ok(if options.linear_projection {
                Projection::Linear(Linear::load(weights, &path, channels, channels, true)?)
            } else {
                Projection::Conv2d(Conv2d::load(weights, &path, [channels; 2], 1, 1, 0)?)
            })
        };
        Ok(Self {
            norm: GroupNorm::load(
                weights,
                &format!("{path}.norm"),
                channels,
                options.groups,
                1e-6,
            )?,
            proj_in: projection(weights, "proj_in")?,
            transformer_blocks: (0..options.layers)
                .map(|k| {
                    let path = format!("{path}.transformer_blocks.{k}");
                    BasicTransformerBlock::load(weights, &path, options)
                })
                .collect::<Result<_>>()?,
            proj_out: projection(weights, "proj_out")?,
        })
    }

    /// `[batch, channels, h, w]`, same shape out.
    pub fn forward(&self, x: Tensor<4>, conditions: &Conditions<'_>) -> Tensor<4> {
        let size = x.dims();
        let y = self.norm.forward(x.clone());
        let mut tokens = match &self.proj_in {
            Projection::Linear(linear) => linear.forward(to_tokens(y)),
            Projection::Conv2d(conv) => to_tokens(conv.forward(y)),
        };
        for block in &self.transformer_blocks {
            tokens = block.forward(tokens, conditions, [size[2], size[3]]);
        }
        let y = match &self.proj_out {
            Projection::Linear(linear) => to_pixels(linear.forward(tokens), size),
            Projection::Conv2d(conv) => conv.forward(to_pixels(tokens, size)),
        };
        x + y
    }

    /// Calls `visitor` for every layer.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visitor(
            &format!("{path}.norm"),
            LayerMut::Norm(&mut self.norm.weight),
        )?;
        visitor(&format!("{path}.proj_in"), self.proj_in.layer_mut())?;
        for (k, block) in self.transformer_blocks.iter_mut().enumerate() {
            block.visit_mut(&format!("{path}.transformer_blocks.{k}"), visitor)?;
        }
        visitor(&format!("{path}.proj_out"), self.proj_out.layer_mut())
    }
}

impl Projection {
    fn layer_mut(&mut self) -> LayerMut<'_> {
        match self {
            Self::Linear(linear) => LayerMut::Linear(linear),
            Self::Conv2d(conv) => LayerMut::Conv2d(conv),
        }
    }
}

/// `[batch, channels, h, w]` to `[batch, h·w, channels]`.
fn to_tokens(x: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height * width]).swap_dims(1, 2)
}

/// `[batch, h·w, channels]` to `size`, which is `[batch, channels, h, w]`.
fn to_pixels(x: Tensor<3>, size: [usize; 4]) -> Tensor<4> {
    x.swap_dims(1, 2).reshape(size)
}
