//! Names of the original code (CompVis `latent-diffusion`, LDM) and of OpenCLIP, and those of
//! diffusers, as tables for both directions.

/// (original, diffusers).
pub(crate) type Table = [(&'static str, &'static str)];

/// Layers of a UNet outside its blocks.
pub(crate) const UNET: &Table = &[
    ("time_embed.0", "time_embedding.linear_1"),
    ("time_embed.2", "time_embedding.linear_2"),
    ("time_embed.cond_proj", "time_embedding.cond_proj"),
    ("input_blocks.0.0", "conv_in"),
    ("out.0", "conv_norm_out"),
    ("out.2", "conv_out"),
];

/// Layers of a UNet's residual block.
pub(crate) const UNET_RESNET: &Table = &[
    ("in_layers.0", "norm1"),
    ("in_layers.2", "conv1"),
    ("emb_layers.1", "time_emb_proj"),
    ("out_layers.0", "norm2"),
    ("out_layers.3", "conv2"),
    ("skip_connection", "conv_shortcut"),
];

/// Layers of an autoencoder's residual block.
pub(crate) const VAE_RESNET: &Table = &[
    ("norm1", "norm1"),
    ("conv1", "conv1"),
    ("norm2", "norm2"),
    ("conv2", "conv2"),
    ("nin_shortcut", "conv_shortcut"),
];

/// Layers of an autoencoder's attention, 1×1 convolutions in the original.
pub(crate) const VAE_ATTENTION: &Table = &[
    ("norm", "group_norm"),
    ("q", "to_q"),
    ("k", "to_k"),
    ("v", "to_v"),
    ("proj_out", "to_out.0"),
];

/// First and last layers of encoder and decoder of an autoencoder.
pub(crate) const VAE_ENDS: &Table = &[
    ("conv_in", "conv_in"),
    ("norm_out", "conv_norm_out"),
    ("conv_out", "conv_out"),
];

/// OpenCLIP's tensors outside its layers.
pub(crate) const OPEN_CLIP: &Table = &[
    (
        "token_embedding.weight",
        "embeddings.token_embedding.weight",
    ),
    (
        "positional_embedding",
        "embeddings.position_embedding.weight",
    ),
    ("ln_final.weight", "final_layer_norm.weight"),
    ("ln_final.bias", "final_layer_norm.bias"),
];

/// OpenCLIP's layers, except `attn.in_proj`, which is split into three.
pub(crate) const OPEN_CLIP_LAYER: &Table = &[
    ("ln_1", "layer_norm1"),
    ("ln_2", "layer_norm2"),
    ("mlp.c_fc", "mlp.fc1"),
    ("mlp.c_proj", "mlp.fc2"),
    ("attn.out_proj", "self_attn.out_proj"),
];

/// The three parts of OpenCLIP's `attn.in_proj`, in their order.
pub(crate) const OPEN_CLIP_IN_PROJ: [&str; 3] = ["q_proj", "k_proj", "v_proj"];

/// diffusers' name of an original one.
pub(crate) fn to_diffusers(table: &Table, name: &str) -> Option<&'static str> {
    let found = table.iter().find(|(original, _)| *original == name);
    found.map(|(_, diffusers)| *diffusers)
}

/// The original name of one of diffusers'.
#[cfg(feature = "booth")]
pub(crate) fn to_original(table: &Table, name: &str) -> Option<&'static str> {
    let found = table.iter().find(|(_, diffusers)| *diffusers == name);
    found.map(|(original, _)| *original)
}
