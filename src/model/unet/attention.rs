//! Multi-head attention with its projections (diffusers `attention_processor.py`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::layers::{LayerMut, Linear, Visitor};
use crate::model::unet::attention_maps::AttentionMaps;
use crate::ops::attention::attention;
use crate::weights::Weights;

/// diffusers `Attention`: softmax(Q Kᵀ / √d) V per head.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Queries, of the pixels.
    pub to_q: Linear,
    /// Keys, of the context.
    pub to_k: Linear,
    /// Values, of the context.
    pub to_v: Linear,
    /// `to_out.0` in the checkpoint.
    pub to_out: Linear,
    /// Heads; they divide the channels.
    pub heads: usize,
}

impl Attention {
    /// Takes its tensors under `path`; `bias` says whether `to_q`, `to_k` and `to_v` have one.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
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

    /// Attention of the pixels to `context`.
    ///
    /// # Shapes
    /// `x`: `[batch, pixels, channels]`, also of the result; `context`:
    /// `[batch, tokens, context channels]`.
    pub fn forward(&self, x: Tensor<3>, context: Tensor<3>) -> Tensor<3> {
        self.forward_recording(x, context, None)
    }

    /// As [`forward`](Self::forward); with `maps`, the attention map is recorded there. The array is
    /// the height and width of the pixels.
    pub fn forward_recording(
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
        self.to_out.forward(attention(q, k, v, self.heads))
    }

    /// Calls `visitor` for every layer.
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
