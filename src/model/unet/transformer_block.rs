//! One block of a transformer (diffusers `BasicTransformerBlock` in `attention.py`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::layers::{LayerMut, LayerNorm, Visitor};
use crate::model::unet::attention::Attention;
use crate::model::unet::conditions::Conditions;
use crate::model::unet::feed_forward::FeedForward;
use crate::weights::Weights;

/// The options of all transformers in one UNet block.
#[derive(Clone, Copy, Debug)]
pub struct TransformerOptions {
    /// Channels, a multiple of the heads.
    pub channels: usize,
    /// Heads of every attention.
    pub heads: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Channels of the text embeddings.
    pub cross_attention_dim: usize,
    /// Groups of the GroupNorm before the blocks.
    pub groups: usize,
    /// Whether `proj_in` and `proj_out` are linear layers rather than 1×1 convolutions.
    pub linear_projection: bool,
    /// Whether both attentions take the text as context.
    pub only_cross_attention: bool,
}

/// diffusers `BasicTransformerBlock`: self-attention, cross-attention, feed-forward, each
/// with a LayerNorm before and a residual around.
#[derive(Clone, Debug)]
pub struct BasicTransformerBlock {
    /// Before `attn1`.
    pub norm1: LayerNorm,
    /// Self-attention over the pixels; cross-attention with `only_cross_attention`.
    pub attn1: Attention,
    /// Before `attn2`.
    pub norm2: LayerNorm,
    /// Cross-attention to the text.
    pub attn2: Attention,
    /// Before `ff`.
    pub norm3: LayerNorm,
    /// For each pixel by itself.
    pub ff: FeedForward,
    /// Whether `attn1` takes the text as context.
    pub only_cross_attention: bool,
}

impl BasicTransformerBlock {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
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

    /// `[batch, pixels, channels]`, same shape out; `size` is the height and width of the pixels.
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
        let x = x + self.attn2.forward_recording(y, text.clone(), maps);
        let y = self.norm3.forward(x.clone());
        x + self.ff.forward(y)
    }

    /// Calls `visitor` for every layer.
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
