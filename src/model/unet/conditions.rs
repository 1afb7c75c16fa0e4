//! The inputs of a UNet block besides the hidden states.

use burn::tensor::Tensor;

use crate::model::unet::attention_maps::AttentionMaps;

/// Time embedding and text embeddings, the same for all blocks of one pass.
#[derive(Clone, Debug)]
pub struct Conditions<'a> {
    /// The time embedding after SiLU, `[batch, time_embed_dim]`.
    pub silu_temb: Tensor<2>,
    /// The text embeddings, `[batch, tokens, cross_attention_dim]`.
    pub text: Tensor<3>,
    /// Where the cross-attention maps are recorded, if they are wanted.
    pub maps: Option<&'a AttentionMaps>,
}
