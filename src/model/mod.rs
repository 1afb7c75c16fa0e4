//! The model as published: Stable Diffusion's parts, named as in diffusers, driven by config files.
//!
//! Tensors are `[batch, channels, height, width]` or `[batch, tokens, channels]`, F32.

pub mod attention;
pub mod autoencoder_kl;
pub mod autoencoder_tiny;
pub mod base;
pub mod clip;
pub mod config;
pub mod layers;
pub mod matrix;
pub mod tensor_shapes;
pub mod tokenizer;
pub mod unet;

#[cfg(any(test, feature = "gpu"))]
mod attention_chunked;
mod attention_flex;
mod attention_map;
mod attention_map_flex;
#[cfg(test)]
mod close;
mod columns;
mod frozen;
#[cfg(feature = "gpu")]
mod frozen_cube;
mod frozen_flex;
mod frozen_graph;
mod frozen_passes;
mod geglu;
mod halves;
#[cfg(feature = "gpu")]
mod halves_cube;
mod norm;
mod norm_flex;
mod product;
mod vector;

/// Whether the kernels of [`geglu`] and [`norm`] take what is on `device`.
fn has_kernels(device: &burn::tensor::Device) -> bool {
    *device == burn::tensor::Device::flex()
}
