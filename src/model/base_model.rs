//! A whole base model, loaded from a diffusers folder or a checkpoint of one file.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::autoencoder_kl::AutoencoderKL;
use crate::model::autoencoder_tiny::AutoencoderTiny;
use crate::model::clip::ClipTextModel;
use crate::model::config::{
    ClipTextConfig, Inferred, ModelIndex, PredictionType, SchedulerConfig, UNetConfig, VaeConfig,
    VaeTinyConfig,
};
use crate::model::tokenizer::Tokenizer;
use crate::model::unet::UNet2DConditionModel;
use crate::weights::format::single_file::Generation;
use crate::weights::{BaseHash, Files, Place, SingleFile, Weights};

/// The parts of a base, frozen, on one device.
#[derive(Clone, Debug)]
pub struct BaseModel {
    /// Prompts to token ids.
    pub tokenizer: Arc<Tokenizer>,
    /// Token ids to text embeddings.
    pub text_encoder: ClipTextModel,
    /// The denoiser.
    pub unet: UNet2DConditionModel,
    /// Pictures to latents and back.
    pub vae: AutoencoderKL,
    /// A quick decoder for previews, if the base has one.
    pub vae_tiny: Option<AutoencoderTiny>,
    /// The noise schedule that it was trained with.
    pub scheduler: SchedulerConfig,
    /// Side of the latents, in latent pixels.
    pub sample_size: usize,
    /// Where it was published, or its folder's name.
    pub id: String,
    /// SHA-256 over all weight tensors, in hex: what a delta is bound to.
    pub hash: String,
    /// Picture pixels per latent pixel, along one side.
    scale: usize,
    latent_channels: usize,
    device: Device,
}

/// How far the loading is, in one weight file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The folder of the part that is being read: `text_encoder`, `unet`, `vae` or `vae_tiny`.
    pub component: &'static str,
    /// Bytes read of its file.
    pub done: u64,
    /// Bytes in its file.
    pub total: u64,
}

/// The largest side of a picture, in pixels.
pub const MAX_PICTURE_SIZE: usize = 2048;
/// A config file is a few kilobytes.
const CONFIG_LIMIT: u64 = 1 << 20;
/// CLIP's `vocab.json` has about 1 MB.
const VOCAB_LIMIT: u64 = 16 << 20;

impl BaseModel {
    /// Loads a diffusers folder, all configs before the first weight, onto a device or a [`Place`],
    /// which says too how matrices are stored.
    ///
    /// The folder may hold an AutoencoderTiny as `vae_tiny/`, which `model_index.json` must then
    /// name among the parts: `"vae_tiny": ["diffusers", "AutoencoderTiny"]`. It is no part of what
    /// the base's hash stands for, since no delta depends on it.
    ///
    /// # Errors
    /// `Io` for a file that is missing, `Config` for an option that is not supported or parts that
    /// do not fit together, `Weights` for a damaged weight file or one that does not fit its config.
    pub async fn load(
        files: &Files,
        place: impl Into<Place>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let place = place.into();
        let index = ModelIndex::parse(&files.read("model_index.json", CONFIG_LIMIT).await?)?;
        let scheduler = SchedulerConfig::parse(
            &files
                .read("scheduler/scheduler_config.json", CONFIG_LIMIT)
                .await?,
        )?;
        let text_config =
            ClipTextConfig::parse(&files.read("text_encoder/config.json", CONFIG_LIMIT).await?)?;
        let unet_config = UNetConfig::parse(&files.read("unet/config.json", CONFIG_LIMIT).await?)?;
        let vae_config = VaeConfig::parse(&files.read("vae/config.json", CONFIG_LIMIT).await?)?;
        let tiny_config = if index.vae_tiny || files.lists("vae_tiny/config.json") {
            let config = files.read("vae_tiny/config.json", CONFIG_LIMIT).await?;
            Some(VaeTinyConfig::parse(&config)?)
        } else {
            None
        };
        let tokenizer = read_tokenizer(files, text_config.max_position_embeddings).await?;
        let sample_size = check_fit(&tokenizer, &text_config, &unet_config, &vae_config)?;
        if let Some(tiny) = &tiny_config {
            check_tiny(tiny, &vae_config)?;
        }

        let mut hash = BaseHash::new();
        let mut read = async |component: &'static str, stem: &str, hash: &mut BaseHash| {
            let paths = files.weight_files(component, stem).await?;
            let mut report = |done, total| {
                progress(Progress {
                    component,
                    done,
                    total,
                })
            };
            files
                .component(&paths, component, &place, hash, &mut report)
                .await
        };
        let mut weights = read("text_encoder", "model", &mut hash).await?;
        let text_encoder = ClipTextModel::load(&text_config, &mut weights)?;
        finish(weights, &place.device)?;
        let mut weights = read("unet", "diffusion_pytorch_model", &mut hash).await?;
        let unet = UNet2DConditionModel::load(&unet_config, &mut weights)?;
        finish(weights, &place.device)?;
        let mut weights = read("vae", "diffusion_pytorch_model", &mut hash).await?;
        let vae = AutoencoderKL::load(&vae_config, &mut weights)?;
        finish(weights, &place.device)?;
        let mut vae_tiny = None;
        if let Some(config) = &tiny_config {
            let aside = &mut BaseHash::new();
            let mut weights = read("vae_tiny", "diffusion_pytorch_model", aside).await?;
            vae_tiny = Some(AutoencoderTiny::load(config, &mut weights)?);
            finish(weights, &place.device)?;
        }

        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            text_encoder,
            unet,
            vae,
            vae_tiny,
            scheduler,
            sample_size,
            id: index.name_or_path.unwrap_or_else(|| folder_name(files)),
            hash: hash.finish(),
            scale: vae_config.scale(),
            latent_channels: vae_config.latent_channels,
            device: place.device,
        })
    }

    /// Loads a checkpoint of one file (LDM layout) in one pass over it, onto a device or a [`Place`].
    ///
    /// `path` is the checkpoint's below `files`; `tokenizer` has CLIP's `vocab.json` and
    /// `merges.txt`, in itself or in its folder `tokenizer/`, which such a file lacks. The same
    /// numbers in a diffusers folder are the same base, with the same hash. `prediction` is what the
    /// UNet predicts, ε if nobody says: the file does not.
    ///
    /// # Errors
    /// `Io` for a file that is missing, `Weights` for a checkpoint that is damaged, not whole or of
    /// another architecture, which is named, `Config` for parts that do not fit together.
    pub async fn load_single_file(
        files: &Files,
        path: &str,
        tokenizer: &Files,
        prediction: Option<PredictionType>,
        place: impl Into<Place>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let place = place.into();
        let file = SingleFile::open(files, path).await?;
        let second = file.plan().generation == Generation::Second;
        let configs = Inferred::new(file.plan(), prediction)?;
        let max_length = configs.text_encoder.max_position_embeddings;
        let tokenizer = clip_tokenizer(tokenizer, second, max_length).await?;
        let sample_size = check_fit(
            &tokenizer,
            &configs.text_encoder,
            &configs.unet,
            &configs.vae,
        )?;
        let mut hash = BaseHash::new();
        let mut report = |component, done, total| {
            progress(Progress {
                component,
                done,
                total,
            });
        };
        let [mut text, mut unet, mut vae] = file.weights(&place, &mut hash, &mut report).await?;
        let base = Self {
            tokenizer: Arc::new(tokenizer),
            text_encoder: ClipTextModel::load(&configs.text_encoder, &mut text)?,
            unet: UNet2DConditionModel::load(&configs.unet, &mut unet)?,
            vae: AutoencoderKL::load(&configs.vae, &mut vae)?,
            vae_tiny: None,
            scheduler: configs.scheduler,
            sample_size,
            id: path.trim_end_matches(".safetensors").to_owned(),
            hash: hash.finish(),
            scale: configs.vae.scale(),
            latent_channels: configs.vae.latent_channels,
            device: place.device,
        };
        for weights in [text, unet, vae] {
            finish(weights, &base.device)?;
        }
        Ok(base)
    }

    /// Makes `pixels` the side of the pictures that are made and trained on, whatever the base was
    /// trained with. Smaller ones need much less memory and time; much smaller or larger ones than
    /// the base's own lose in quality.
    ///
    /// # Errors
    /// `Settings` if the autoencoder and the UNet cannot halve that side as often as they do, or it
    /// is above [`MAX_PICTURE_SIZE`].
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

    /// Text embeddings `[prompts, max_length, hidden_size]`, without autodiff.
    pub fn embed(&self, prompts: &[String]) -> Tensor<3> {
        self.text_encoder.forward(self.token_ids(prompts))
    }

    /// Token ids `[prompts, max_length]`, padded.
    pub fn token_ids(&self, prompts: &[String]) -> Tensor<2, Int> {
        let ids: Vec<i32> = prompts
            .iter()
            .flat_map(|prompt| self.tokenizer.encode(prompt))
            .map(|id| id as i32)
            .collect();
        let shape = [prompts.len(), self.tokenizer.max_length()];
        Tensor::from_data(TensorData::new(ids, shape), &self.device)
    }

    /// Latents as the UNet knows them, `[batch, channels, h, w]`, to pictures
    /// `[batch, 3, height, width]`, about [-1, 1] and not clamped; a preview by the tiny
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

/// Ends the loading of a part: nothing may be left over, and what the device kept only for the way
/// is given back.
fn finish(weights: Weights, device: &Device) -> Result<()> {
    weights.finish()?;
    device.memory_cleanup();
    Ok(())
}

/// CLIP's tokenizer from its vocabulary and merges alone, as Stable Diffusion sets it up.
async fn clip_tokenizer(files: &Files, second: bool, max_length: usize) -> Result<Tokenizer> {
    let folder = match files.exists("tokenizer/vocab.json").await {
        true => "tokenizer/",
        false => "",
    };
    if !files.exists(&format!("{folder}vocab.json")).await {
        return Err(Error::Io(
            "A checkpoint of one file has no tokenizer, and none was found beside it (vocab.json and merges.txt, or a folder 'tokenizer' with them). Give the tokenizer's folder of any Stable Diffusion in diffusers' layout: it is the same for all.".into(),
        ));
    }
    let vocab = files
        .read(&format!("{folder}vocab.json"), VOCAB_LIMIT)
        .await?;
    let merges = files
        .read(&format!("{folder}merges.txt"), VOCAB_LIMIT)
        .await?;
    // OpenCLIP fills up with token 0, CLIP with the end.
    let pad = if second { "!" } else { "<|endoftext|>" };
    let config = format!(r#"{{"pad_token":"{pad}"}}"#);
    Tokenizer::new(&vocab, &merges, config.as_bytes(), None, max_length)
}

async fn read_tokenizer(files: &Files, max_length: usize) -> Result<Tokenizer> {
    let vocab = files.read("tokenizer/vocab.json", VOCAB_LIMIT).await?;
    let merges = files.read("tokenizer/merges.txt", VOCAB_LIMIT).await?;
    let config = files
        .read("tokenizer/tokenizer_config.json", CONFIG_LIMIT)
        .await?;
    let map = "tokenizer/special_tokens_map.json";
    let map = if files.exists(map).await {
        Some(files.read(map, CONFIG_LIMIT).await?)
    } else {
        None
    };
    Tokenizer::new(&vocab, &merges, &config, map.as_deref(), max_length)
}

/// Checks that the parts speak of the same tokens, embeddings and latents; gives the latents' side.
fn check_fit(
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

/// Checks that both autoencoders have the same latents and pictures.
fn check_tiny(tiny: &VaeTinyConfig, vae: &VaeConfig) -> Result<()> {
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

/// The last part of the folder's path or address.
fn folder_name(files: &Files) -> String {
    let path = match files {
        #[cfg(not(target_family = "wasm"))]
        Files::Folder(folder) => folder.to_string_lossy().into_owned(),
        Files::Local(files) => files.title().to_owned(),
        #[cfg(feature = "web")]
        Files::Http(address) => address.clone(),
        #[cfg(feature = "web")]
        Files::Cached(base) => base.title().to_owned(),
    };
    let name = path
        .trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default();
    if name.is_empty() {
        "base".to_owned()
    } else {
        name.to_owned()
    }
}
