//! The model as published: Stable Diffusion's parts, named as in diffusers, driven by config files.
//!
//! Tensors are `[batch, channels, height, width]` or `[batch, tokens, channels]`, F32.

pub mod autoencoder_kl;
pub mod autoencoder_tiny;
pub mod base_model;
pub mod clip;
pub mod config;
pub mod layer_info;
pub mod layers;
pub mod tokenizer;
pub mod unet;
pub mod visit_layers;
