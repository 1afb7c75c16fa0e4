//! The feed-forward part of a transformer block (diffusers `FeedForward` in `attention.py`).

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::layers::Linear;
use crate::ops::geglu::geglu;
use crate::weights::Weights;

/// diffusers `FeedForward` with GEGLU: out(a · gelu(b)) with (a, b) = proj(x).
#[derive(Clone, Debug)]
pub struct FeedForward {
    /// `net.0.proj` in the checkpoint, from `channels` to `8 · channels`.
    pub proj: Linear,
    /// `net.2` in the checkpoint, from `4 · channels` to `channels`.
    pub out: Linear,
}

impl FeedForward {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
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

    /// `[batch, tokens, channels]`, same shape out.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.out.forward(geglu(self.proj.forward(x)))
    }
}
