//! Attention over the latent pixels and to the text
//! (diffusers `transformer_2d.py`, `attention.py`, `attention_processor.py`).

use burn::tensor::{Tensor, activation::gelu};

use super::attention_maps::AttentionMaps;
use super::blocks::Conditions;
use crate::error::Result;
use crate::model::layers::{Conv2d, GroupNorm, LayerMut, LayerNorm, Linear, Visitor};
use crate::ops::attention::attend;
use crate::ops::geglu::gate;
use crate::ops::has_kernels;
use crate::weights::Weights;

/// What all transformers of one block share.
#[derive(Clone, Copy, Debug)]
pub struct TransformerOptions {
    /// Channels, split evenly over the heads.
    pub channels: usize,
    /// Heads of every attention.
    pub heads: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Channels of the text embeddings.
    pub cross_attention_dim: usize,
    /// Groups of the GroupNorm.
    pub groups: usize,
    /// Linear projections in and out, rather than 1×1 convolutions.
    pub linear_projection: bool,
    /// Both attentions look at the text.
    pub only_cross_attention: bool,
}

/// diffusers `Transformer2DModel` over continuous input.
#[derive(Clone, Debug)]
pub struct Transformer2DModel {
    /// Over the channels.
    pub norm: GroupNorm,
    /// Within the channels.
    pub proj_in: Projection,
    /// One after the other.
    pub transformer_blocks: Vec<BasicTransformerBlock>,
    /// Within the channels.
    pub proj_out: Projection,
}

/// A map within the channels, in the form that the checkpoint has it.
#[derive(Clone, Debug)]
pub enum Projection {
    /// Over tokens.
    Linear(Linear),
    /// 1×1, over pixels.
    Conv2d(Conv2d),
}

/// diffusers `BasicTransformerBlock`: self-attention, attention to the text, feed-forward.
#[derive(Clone, Debug)]
pub struct BasicTransformerBlock {
    /// Before `attn1`.
    pub norm1: LayerNorm,
    /// Over the pixels (over the text with `only_cross_attention`).
    pub attn1: Attention,
    /// Before `attn2`.
    pub norm2: LayerNorm,
    /// To the text.
    pub attn2: Attention,
    /// Before `ff`.
    pub norm3: LayerNorm,
    /// Per pixel.
    pub ff: FeedForward,
    /// `attn1` looks at the text too.
    pub only_cross_attention: bool,
}

/// diffusers `Attention`: softmax(Q Kᵀ / √d) V per head.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Queries, from the pixels.
    pub to_q: Linear,
    /// Keys, from the context.
    pub to_k: Linear,
    /// Values, from the context.
    pub to_v: Linear,
    /// `to_out.0` in the checkpoint.
    pub to_out: Linear,
    /// Heads that share the channels.
    pub heads: usize,
}

/// diffusers `FeedForward` with GEGLU: out(a · gelu(b)), (a, b) = proj(x).
#[derive(Clone, Debug)]
pub struct FeedForward {
    /// `net.0.proj` in the checkpoint: to two times four times the channels.
    pub proj: Linear,
    /// `net.2` in the checkpoint: back to the channels.
    pub out: Linear,
}

impl Transformer2DModel {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// A missing or misshapen tensor, by name.
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

    /// Shape-preserving over `[batch, channels, h, w]`; looks at the text of `conditions`.
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

    /// Hands every layer to `visitor`.
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

impl BasicTransformerBlock {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// A missing or misshapen tensor, by name.
    pub fn load(weights: &mut Weights, path: &str, options: TransformerOptions) -> Result<Self> {
        let TransformerOptions {
            channels,
            heads,
            cross_attention_dim,
            only_cross_attention,
            ..
        } = options;
        let at = |name: &str| format!("{path}.{name}");
        let own = if only_cross_attention {
            cross_attention_dim
        } else {
            channels
        };
        Ok(Self {
            norm1: LayerNorm::load(weights, &at("norm1"), channels, 1e-5)?,
            attn1: Attention::load(weights, &at("attn1"), [channels, own], heads, false)?,
            norm2: LayerNorm::load(weights, &at("norm2"), channels, 1e-5)?,
            attn2: Attention::load(
                weights,
                &at("attn2"),
                [channels, cross_attention_dim],
                heads,
                false,
            )?,
            norm3: LayerNorm::load(weights, &at("norm3"), channels, 1e-5)?,
            ff: FeedForward::load(weights, &at("ff"), channels)?,
            only_cross_attention,
        })
    }

    /// Shape-preserving over `[batch, pixels, channels]`, the pixels of a map of `size`.
    pub fn forward(
        &self,
        x: Tensor<3>,
        conditions: &Conditions<'_>,
        size: [usize; 2],
    ) -> Tensor<3> {
        let text = &conditions.text;
        let y = self.norm1.forward(x.clone());
        let context = if self.only_cross_attention {
            text.clone()
        } else {
            y.clone()
        };
        let x = x + self.attn1.forward(y, context);
        let y = self.norm2.forward(x.clone());
        let maps = conditions.maps.map(|maps| (maps, size));
        let x = x + self.attn2.forward_keeping(y, text.clone(), maps);
        let y = self.norm3.forward(x.clone());
        x + self.ff.forward(y)
    }

    /// Hands every layer to `visitor`.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visitor(
            &format!("{path}.norm1"),
            LayerMut::Norm(&mut self.norm1.weight),
        )?;
        self.attn1.visit_mut(&format!("{path}.attn1"), visitor)?;
        visitor(
            &format!("{path}.norm2"),
            LayerMut::Norm(&mut self.norm2.weight),
        )?;
        self.attn2.visit_mut(&format!("{path}.attn2"), visitor)?;
        visitor(
            &format!("{path}.norm3"),
            LayerMut::Norm(&mut self.norm3.weight),
        )?;
        visitor(
            &format!("{path}.ff.net.0.proj"),
            LayerMut::Linear(&mut self.ff.proj),
        )?;
        visitor(
            &format!("{path}.ff.net.2"),
            LayerMut::Linear(&mut self.ff.out),
        )
    }
}

impl Attention {
    /// Takes its tensors under `path`; `bias` is that of the queries, keys and values.
    ///
    /// # Errors
    /// A missing or misshapen tensor, by name.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        [channels, context]: [usize; 2],
        heads: usize,
        bias: bool,
    ) -> Result<Self> {
        let at = |name: &str| format!("{path}.{name}");
        Ok(Self {
            to_q: Linear::load(weights, &at("to_q"), channels, channels, bias)?,
            to_k: Linear::load(weights, &at("to_k"), context, channels, bias)?,
            to_v: Linear::load(weights, &at("to_v"), context, channels, bias)?,
            to_out: Linear::load(weights, &at("to_out.0"), channels, channels, true)?,
            heads,
        })
    }

    /// `[batch, pixels, channels]` looking at `[batch, tokens, context]`.
    pub fn forward(&self, x: Tensor<3>, context: Tensor<3>) -> Tensor<3> {
        self.forward_keeping(x, context, None)
    }

    /// The same; with `maps`, where the pixels (of that height and width) look is kept there.
    pub fn forward_keeping(
        &self,
        x: Tensor<3>,
        context: Tensor<3>,
        maps: Option<(&AttentionMaps, [usize; 2])>,
    ) -> Tensor<3> {
        let q = self.to_q.forward(x);
        let k = self.to_k.forward(context.clone());
        let v = self.to_v.forward(context);
        if let Some((maps, pixels)) = maps {
            maps.add(&q, &k, self.heads, pixels);
        }
        self.to_out.forward(attend(q, k, v, self.heads))
    }

    /// Hands every layer to `visitor`.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        for (name, layer) in [
            ("to_q", &mut self.to_q),
            ("to_k", &mut self.to_k),
            ("to_v", &mut self.to_v),
            ("to_out.0", &mut self.to_out),
        ] {
            visitor(&format!("{path}.{name}"), LayerMut::Linear(layer))?;
        }
        Ok(())
    }
}

impl FeedForward {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// A missing or misshapen tensor, by name.
    pub fn load(weights: &mut Weights, path: &str, channels: usize) -> Result<Self> {
        let inner = 4 * channels;
        Ok(Self {
            proj: Linear::load(
                weights,
                &format!("{path}.net.0.proj"),
                channels,
                2 * inner,
                true,
            )?,
            out: Linear::load(weights, &format!("{path}.net.2"), inner, channels, true)?,
        })
    }

    /// Shape-preserving over `[batch, tokens, channels]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let both = self.proj.forward(x);
        if has_kernels(&both.device()) {
            return self.out.forward(gate(both));
        }
        let inner = both.dims()[2] / 2;
        let gate = both.clone().narrow(2, inner, inner);
        self.out.forward(both.narrow(2, 0, inner) * gelu(gate))
    }
}

/// `[batch, channels, h, w]` to `[batch, h·w, channels]`.
fn to_tokens(x: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height * width]).swap_dims(1, 2)
}

/// The way back.
fn to_pixels(x: Tensor<3>, size: [usize; 4]) -> Tensor<4> {
    x.swap_dims(1, 2).reshape(size)
}
