//! A whole base model: a diffusers folder or a checkpoint in a single file.
//!
//! | file | content |
//! |---|---|
//! | `folder` | loading from a diffusers folder |
//! | `single_file` | loading from a checkpoint in a single file |
//! | `compatibility` | checks that the parts belong together |

mod compatibility;
mod folder;
mod single_file;

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::autoencoder_kl::AutoencoderKL;
use crate::model::autoencoder_tiny::AutoencoderTiny;
use crate::model::clip::ClipTextModel;
use crate::model::config::SchedulerConfig;
use crate::model::tokenizer::Tokenizer;
use crate::model::unet::UNet2DConditionModel;
use crate::weights::Weights;

/// A base model on one device (diffusers `StableDiffusionPipeline`): tokenizer, text encoder, UNet,
/// autoencoder and noise schedule. Its weights are constant.
///
/// # Example
///
/// ```
/// use std::path::Path;
///
/// use burn::tensor::Device;
/// use deltabooth::model::base_model::BaseModel;
/// use deltabooth::weights::Files;
///
/// # pollster::block_on(async {
/// let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/base");
/// let files = Files::Folder(folder);
/// let base = BaseModel::load(&files, &Device::flex(), &mut |progress| {
///     println!("{}: {} of {} bytes", progress.component, progress.done, progress.total);
/// })
/// .await?;
///
/// let embeddings = base.embed(&["photo of a dog".to_owned()]);
/// assert_eq!(embeddings.dims()[..2], [1, base.tokenizer.max_length()]);
/// # deltabooth::Result::Ok(())
/// # })
/// # .unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct BaseModel {
    /// Prompts to token ids.
    pub tokenizer: Arc<Tokenizer>,
    /// Token ids to text embeddings.
    pub text_encoder: ClipTextModel,
    /// Noisy latents to the predicted noise.
    pub unet: UNet2DConditionModel,
    /// Pictures to latents and latents to pictures.
    pub vae: AutoencoderKL,
    /// A small autoencoder, whose decoder is fast enough for previews.
    pub vae_tiny: Option<AutoencoderTiny>,
    /// The noise schedule of its training.
    pub scheduler: SchedulerConfig,
    /// Side of the latents, in latent pixels.
    pub sample_size: usize,
    /// Where it was published, or the name of its folder or file.
    pub id: String,
    /// SHA-256 over all weight tensors, in hex; a delta names the base model by it.
    pub hash: String,
    /// Picture pixels per latent pixel, along one side.
    scale: usize,
    latent_channels: usize,
    device: Device,
}

/// Progress of loading one weight file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The component being read: `text_encoder`, `unet`, `vae` or `vae_tiny`.
    pub component: &'static str,
    /// Bytes read.
    pub done: u64,
    /// Bytes in the file.
    pub total: u64,
}

/// The largest side of a picture, in pixels.
pub const MAX_PICTURE_SIZE: usize = 2048;
/// The largest config file, in bytes; they have a few kilobytes.
const CONFIG_LIMIT: u64 = 1 << 20;
/// The largest `vocab.json` or `merges.txt`, in bytes; CLIP's have about 1 MB.
const VOCAB_LIMIT: u64 = 16 << 20;

impl BaseModel {
    /// Sets the side of generated and training pictures, in pixels.
    ///
    /// Smaller pictures need much less memory and time. Quality falls with the distance from the
    /// size that the base model was trained with.
    ///
    /// # Errors
    /// `Settings` if `pixels` is above [`MAX_PICTURE_SIZE`], or not divisible by the total
    /// downsampling of the autoencoder and the UNet.
    pub fn set_picture_size(&mut self, pixels: usize) -> Result<()> {
        let step = self.scale << self.unet.down_blocks.len().saturating_sub(1);
        if pixels == 0 || pixels > MAX_PICTURE_SIZE || !pixels.is_multiple_of(step) {
            return Err(Error::Settings(format!(
                "Pictures of {pixels} pixels were asked for, but this base makes sides that are a multiple of {step}, up to {MAX_PICTURE_SIZE}. Its own is {}.",
                self.picture_size()
            )));
        }
        self.sample_size = pixels / self.scale;
        Ok(())
    }

    /// Text embeddings `[prompts, max_length, hidden_size]` of `prompts`, without autodiff.
    pub fn embed(&self, prompts: &[String]) -> Tensor<3> {
        self.text_encoder.forward(self.token_ids(prompts))
    }

    /// Token ids `[prompts, max_length]` of `prompts`, padded.
    pub fn token_ids(&self, prompts: &[String]) -> Tensor<2, Int> {
        let ids: Vec<i32> = prompts
            .iter()
            .flat_map(|prompt| self.tokenizer.encode(prompt))
            .map(|id| id as i32)
            .collect();
        let shape = [prompts.len(), self.tokenizer.max_length()];
        Tensor::from_data(TensorData::new(ids, shape), &self.device)
    }

    /// Decodes latents `[batch, channels, h, w]` in the scale of the UNet to pictures
    /// `[batch, 3, height, width]`, about [-1, 1] and not clamped. With `preview`, by the small
    /// autoencoder if there is one.
    pub fn decode(&self, latents: Tensor<4>, preview: bool) -> Tensor<4> {
        match &self.vae_tiny {
            Some(tiny) if preview => tiny.decode(latents / tiny.scaling_factor()),
            _ => self.vae.decode(latents / self.vae.scaling_factor()),
        }
    }

    /// Side of the pictures, in pixels.
    pub fn picture_size(&self) -> usize {
        self.sample_size * self.scale
    }

    /// Side of the latents, in latent pixels.
    pub fn latent_size(&self) -> usize {
        self.sample_size
    }

    /// Channels of the latents.
    pub fn latent_channels(&self) -> usize {
        self.latent_channels
    }

    /// The device that the weights are on, without autodiff.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// Checks that every tensor of a component was taken, and frees the memory that the device holds
/// for uploads.
fn finish(weights: Weights, device: &Device) -> Result<()> {
    weights.finish()?;
    device.memory_cleanup();
    Ok(())
}
