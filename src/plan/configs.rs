//! A base's config files, read before the first weight.

use crate::error::Result;
use crate::model::config::{
    ClipTextConfig, Inferred, ModelIndex, PredictionType, UNetConfig, VaeConfig,
};
use crate::weights::{Files, SingleFile};

/// A config file is a few kilobytes.
const LIMIT: u64 = 1 << 20;

/// The parts of a base, as their config files describe them.
#[derive(Clone, Debug)]
pub struct Configs {
    /// `unet/config.json`.
    pub unet: UNetConfig,
    /// `text_encoder/config.json`.
    pub text_encoder: ClipTextConfig,
    /// `vae/config.json`.
    pub vae: VaeConfig,
}

impl Configs {
    /// Reads them from a folder in diffusers' layout, beside its index; nothing else is asked for.
    ///
    /// # Errors
    /// `Io` for a file that is missing, `Config` for an option that is not supported.
    pub async fn read(files: &Files) -> Result<Self> {
        // It tells what the folder is, in better words than a part that is missing.
        ModelIndex::parse(&files.read("model_index.json", LIMIT).await?)?;
        let text_encoder = files.read("text_encoder/config.json", LIMIT).await?;
        let unet = files.read("unet/config.json", LIMIT).await?;
        let vae = files.read("vae/config.json", LIMIT).await?;
        Ok(Self {
            unet: UNetConfig::parse(&unet)?,
            text_encoder: ClipTextConfig::parse(&text_encoder)?,
            vae: VaeConfig::parse(&vae)?,
        })
    }

    /// The same of a checkpoint of one file (LDM layout), from its header alone.
    ///
    /// # Errors
    /// As [`SingleFile::open`] and [`Inferred::new`].
    pub async fn of_checkpoint(
        files: &Files,
        path: &str,
        prediction: Option<PredictionType>,
    ) -> Result<Self> {
        let file = SingleFile::open(files, path).await?;
        let configs = Inferred::new(file.plan(), prediction)?;
        Ok(Self {
            unet: configs.unet,
            text_encoder: configs.text_encoder,
            vae: configs.vae,
        })
    }

    /// Side of the pictures that the base was trained with, in pixels.
    pub fn native_pixels(&self) -> usize {
        self.unet.sample_size.unwrap_or(64) * self.vae.scale()
    }

    /// A picture's side must be a multiple of this, in pixels.
    pub fn step(&self) -> usize {
        self.vae.scale() << self.unet.block_out_channels.len().saturating_sub(1)
    }
}
