//! The config files of a base model, which are read before the weights.

use crate::error::Result;
use crate::model::config::{
    ClipTextConfig, Inferred, ModelIndex, PredictionType, UNetConfig, VaeConfig,
};
use crate::weights::{Files, SingleFile};

/// Maximum size of a config file, in bytes.
const LIMIT: u64 = 1 << 20;

/// The configs of the parts of a base model.
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
    /// Reads `model_index.json` and the configs from a folder in diffusers' layout.
    ///
    /// # Errors
    /// `Io` for a missing file, `Config` for an unsupported option.
    pub async fn read(files: &Files) -> Result<Self> {
        // Fails with a clearer error than a missing part, if the folder is something else.
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

    /// Infers the configs of a single-file checkpoint (LDM layout) from its header.
    ///
    /// # Errors
    /// Those of [`SingleFile::open`] and [`Inferred::new`].
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

    /// Side of the pictures that the base model was trained with, in pixels.
    pub fn native_pixels(&self) -> usize {
        self.unet.sample_size.unwrap_or(64) * self.vae.scale()
    }

    /// The side of a picture must be a multiple of this, in pixels.
    pub fn step(&self) -> usize {
        self.vae.scale() << self.unet.block_out_channels.len().saturating_sub(1)
    }
}
