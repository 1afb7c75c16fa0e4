//! Checks that the components of a base model belong together, from their configs.

use crate::error::{Error, Result};
use crate::model::config::{ClipTextConfig, UNetConfig, VaeConfig, VaeTinyConfig};
use crate::model::tokenizer::Tokenizer;

/// Checks that tokens, text embeddings and latents have the same sizes in all components. Returns
/// the side of the latents, in latent pixels.
///
/// # Errors
/// `Config`.
pub(super) fn check_components(
    tokenizer: &Tokenizer,
    text: &ClipTextConfig,
    unet: &UNetConfig,
    vae: &VaeConfig,
) -> Result<usize> {
    let mismatch = |what: String| {
        Err(Error::Config(format!(
            "The parts of the base do not fit together: {what}. Check that all its folders come from the same model."
        )))
    };
    if tokenizer.max_id() as usize >= text.vocab_size {
        return mismatch(format!(
            "the tokenizer has the token {}, the text encoder's 'vocab_size' is {}",
            tokenizer.max_id(),
            text.vocab_size
        ));
    }
    if let Some(dim) = unet
        .cross_attention_dim
        .iter()
        .find(|dim| **dim != text.hidden_size)
    {
        return mismatch(format!(
            "the UNet's 'cross_attention_dim' is {dim}, the text encoder's 'hidden_size' is {}",
            text.hidden_size
        ));
    }
    if unet.in_channels == 9 && unet.out_channels == 4 {
        return Err(Error::Config(
            "The base is an inpainting model: its UNet takes 9 channels, where 4 are needed. Choose the base that it was made of.".into(),
        ));
    }
    if (unet.in_channels, unet.out_channels) != (vae.latent_channels, vae.latent_channels) {
        return mismatch(format!(
            "the UNet's 'in_channels' and 'out_channels' are {} and {}, the autoencoder's 'latent_channels' is {}",
            unet.in_channels, unet.out_channels, vae.latent_channels
        ));
    }
    let smallest = 1 << (unet.block_out_channels.len() - 1);
    match unet.sample_size {
        Some(side) if side % smallest == 0 => Ok(side),
        Some(side) => mismatch(format!(
            "the UNet's 'sample_size' {side} cannot be halved in each of its {} levels",
            unet.block_out_channels.len() - 1
        )),
        None => mismatch("unet/config.json has no 'sample_size'".to_owned()),
    }
}

/// Checks that both autoencoders have latents and pictures of the same shapes.
///
/// # Errors
/// `Config`.
pub(super) fn check_tiny(tiny: &VaeTinyConfig, vae: &VaeConfig) -> Result<()> {
    let shape = |channels: [usize; 3], scale: usize| {
        let [pictures, latents, decoded] = channels;
        format!("{pictures} → {latents} → {decoded} channels at 1/{scale} of the side")
    };
    let tiny = shape(
        [tiny.in_channels, tiny.latent_channels, tiny.out_channels],
        tiny.scale(),
    );
    let full = shape(
        [vae.in_channels, vae.latent_channels, vae.out_channels],
        vae.scale(),
    );
    if tiny == full {
        return Ok(());
    }
    Err(Error::Config(format!(
        "The parts of the base do not fit together: vae_tiny has {tiny}, vae has {full}. Take the tiny autoencoder that was distilled from this base's own, or leave it out."
    )))
}
