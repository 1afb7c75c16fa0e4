//! CLIP's text encoder (transformers' `CLIPTextModel`): token ids to `last_hidden_state`.
//!
//! Paths are those of published checkpoints, `text_model.encoder.layers.0.self_attn.q_proj`;
//! transformers 5 writes them without `text_model.`, and both load.

use burn::tensor::activation::{gelu, sigmoid, softmax};
use burn::tensor::{Bool, Int, Tensor};

use super::config::{ClipTextConfig, HiddenAct};
use super::layers::{LayerMut, LayerNorm, Linear, Visitor};
use crate::error::Result;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::weights::Weights;

/// The text encoder.
#[derive(Clone, Debug)]
pub struct ClipTextModel {
    /// `[vocab_size, hidden_size]`.
    token_embedding: Matrix,
    /// `[max_position_embeddings, hidden_size]`.
    position_embedding: Matrix,
    layers: Vec<EncoderLayer>,
    final_layer_norm: LayerNorm,
}

/// Attention and a feed-forward part, each normalised before and added to its input.
#[derive(Clone, Debug)]
struct EncoderLayer {
    self_attn: Attention,
    layer_norm1: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    layer_norm2: LayerNorm,
    hidden_act: HiddenAct,
}

/// Causal self-attention.
#[derive(Clone, Debug)]
struct Attention {
    k_proj: Linear,
    v_proj: Linear,
    q_proj: Linear,
    out_proj: Linear,
    heads: usize,
}

/// Where published checkpoints keep the model.
const ROOT: &str = "text_model.";

impl ClipTextModel {
    /// Takes the model's tensors.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(config: &ClipTextConfig, weights: &mut Weights) -> Result<Self> {
        let root = if weights.has("embeddings.token_embedding.weight") {
            ""
        } else {
            ROOT
        };
        let channels = config.hidden_size;
        let positions = config.max_position_embeddings;
        // A constant that old checkpoints carry along.
        let buffer = format!("{root}embeddings.position_ids");
        if weights.has(&buffer) {
            weights.take_numbers(&buffer, &[1, positions])?;
        }
        let embedding = format!("{root}embeddings");
        Ok(Self {
            token_embedding: Matrix::take(
                weights,
                &format!("{embedding}.token_embedding.weight"),
                &[config.vocab_size, channels],
            )?,
            position_embedding: Matrix::take(
                weights,
                &format!("{embedding}.position_embedding.weight"),
                &[positions, channels],
            )?,
            layers: (0..config.num_hidden_layers)
                .map(|n| EncoderLayer::load(config, weights, &format!("{root}encoder.layers.{n}")))
                .collect::<Result<_>>()?,
            final_layer_norm: LayerNorm::load(
                weights,
                &format!("{root}final_layer_norm"),
                channels,
                config.layer_norm_eps,
            )?,
        })
    }

    /// `last_hidden_state` `[batch, tokens, hidden_size]` of token ids `[batch, tokens]`, at most
    /// `max_position_embeddings` of them, each below `vocab_size`.
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, tokens] = ids.dims();
        let positions = self.position_embedding.f32().narrow(0, 0, tokens);
        let mut x = self.token_embedding.rows(ids) + positions.unsqueeze();
        let hidden = Tensor::<2, Bool>::tril_mask([tokens, tokens], 0, &x.device());
        for layer in &self.layers {
            x = layer.forward(x, &hidden);
        }
        self.final_layer_norm.forward(x)
    }

    /// Channels of an embedded token.
    pub fn hidden_size(&self) -> usize {
        self.token_embedding.dims()[1]
    }

    /// The longest text, in tokens.
    pub fn max_position_embeddings(&self) -> usize {
        self.position_embedding.dims()[0]
    }

    /// Shows every layer to `visitor`, under its path in published checkpoints.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, visitor: &mut Visitor) -> Result<()> {
        visitor(
            &format!("{ROOT}embeddings.token_embedding"),
            LayerMut::Embedding(&mut self.token_embedding),
        )?;
        visitor(
            &format!("{ROOT}embeddings.position_embedding"),
            LayerMut::Embedding(&mut self.position_embedding),
        )?;
        for (n, layer) in self.layers.iter_mut().enumerate() {
            layer.visit_mut(&format!("{ROOT}encoder.layers.{n}"), visitor)?;
        }
        visitor(
            &format!("{ROOT}final_layer_norm"),
            LayerMut::Norm(&mut self.final_layer_norm.weight),
        )
    }
}

impl EncoderLayer {
    fn load(config: &ClipTextConfig, weights: &mut Weights, path: &str) -> Result<Self> {
        let (channels, inner, eps) = (
            config.hidden_size,
            config.intermediate_size,
            config.layer_norm_eps,
        );
        Ok(Self {
            self_attn: Attention::load(config, weights, &format!("{path}.self_attn"))?,
            layer_norm1: LayerNorm::load(weights, &format!("{path}.layer_norm1"), channels, eps)?,
            fc1: Linear::load(weights, &format!("{path}.mlp.fc1"), channels, inner, true)?,
            fc2: Linear::load(weights, &format!("{path}.mlp.fc2"), inner, channels, true)?,
            layer_norm2: LayerNorm::load(weights, &format!("{path}.layer_norm2"), channels, eps)?,
            hidden_act: config.hidden_act,
        })
    }

    fn forward(&self, x: Tensor<3>, hidden: &Tensor<2, Bool>) -> Tensor<3> {
        let x = x.clone() + self.self_attn.forward(self.layer_norm1.forward(x), hidden);
        let inner = self.fc1.forward(self.layer_norm2.forward(x.clone()));
        let inner = match self.hidden_act {
            HiddenAct::QuickGelu => sigmoid(inner.clone() * 1.702) * inner,
            HiddenAct::Gelu => gelu(inner),
        };
        x + self.fc2.forward(inner)
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut Visitor) -> Result<()> {
        self.self_attn
            .visit_mut(&format!("{path}.self_attn"), visitor)?;
        visitor(
            &format!("{path}.layer_norm1"),
            LayerMut::Norm(&mut self.layer_norm1.weight),
        )?;
        visitor(&format!("{path}.mlp.fc1"), LayerMut::Linear(&mut self.fc1))?;
        visitor(&format!("{path}.mlp.fc2"), LayerMut::Linear(&mut self.fc2))?;
        visitor(
            &format!("{path}.layer_norm2"),
            LayerMut::Norm(&mut self.layer_norm2.weight),
        )
    }
}

impl Attention {
    fn load(config: &ClipTextConfig, weights: &mut Weights, path: &str) -> Result<Self> {
        let channels = config.hidden_size;
        let mut linear =
            |name: &str| Linear::load(weights, &format!("{path}.{name}"), channels, channels, true);
        Ok(Self {
            k_proj: linear("k_proj")?,
            v_proj: linear("v_proj")?,
            q_proj: linear("q_proj")?,
            out_proj: linear("out_proj")?,
            heads: config.num_attention_heads,
        })
    }

    /// `[batch, tokens, channels]`, same shape out; `hidden` `[tokens, tokens]` marks what a token
    /// must not look at.
    fn forward(&self, x: Tensor<3>, hidden: &Tensor<2, Bool>) -> Tensor<3> {
        let [batch, tokens, channels] = x.dims();
        let head = channels / self.heads;
        let split = |x: Tensor<3>| x.reshape([batch, tokens, self.heads, head]).swap_dims(1, 2);
        let query = split(self.q_proj.forward(x.clone())) * (head as f64).powf(-0.5);
        let key = split(self.k_proj.forward(x.clone()));
        let value = split(self.v_proj.forward(x));
        let scores = query.matmul(key.swap_dims(2, 3));
        let hidden = hidden
            .clone()
            .unsqueeze::<4>()
            .expand([batch, self.heads, tokens, tokens]);
        // The lowest number rather than -∞, which WGSL need not support; its exponential is 0 too.
        let weights = softmax(scores.mask_fill(hidden, f32::MIN), 3);
        self.out_proj.forward(
            weights
                .matmul(value)
                .swap_dims(1, 2)
                .reshape([batch, tokens, channels]),
        )
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut Visitor) -> Result<()> {
        visitor(
            &format!("{path}.k_proj"),
            LayerMut::Linear(&mut self.k_proj),
        )?;
        visitor(
            &format!("{path}.v_proj"),
            LayerMut::Linear(&mut self.v_proj),
        )?;
        visitor(
            &format!("{path}.q_proj"),
            LayerMut::Linear(&mut self.q_proj),
        )?;
        visitor(
            &format!("{path}.out_proj"),
            LayerMut::Linear(&mut self.out_proj),
        )
    }
}
