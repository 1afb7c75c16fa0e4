//! A base model from a checkpoint in a single file.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::autoencoder_kl::AutoencoderKL;
use crate::model::base_model::compatibility::check_components;
use crate::model::base_model::{BaseModel, Progress, VOCAB_LIMIT, finish};
use crate::model::clip::ClipTextModel;
use crate::model::config::{Inferred, PredictionType};
use crate::model::tokenizer::Tokenizer;
use crate::model::unet::UNet2DConditionModel;
use crate::weights::format::single_file::Generation;
use crate::weights::{BaseHash, Files, Place, SingleFile};

impl BaseModel {
    /// Loads a checkpoint in a single file (LDM layout) onto a device, or to a [`Place`], reading the
    /// file once (diffusers `from_single_file`).
    ///
    /// `path` is the path of the checkpoint in `files`. Such a file has no tokenizer: `tokenizer`
    /// has CLIP's `vocab.json` and `merges.txt`, at its root or in `tokenizer/`. Nor does it say
    /// what the UNet predicts: `prediction`, by default the noise ε. The same weights in a diffusers
    /// folder are the same base model, with the same hash.
    ///
    /// # Errors
    /// `Io` if a file is missing; `Weights` for a checkpoint that is damaged, incomplete or of
    /// another architecture, which is named; `Config` for parts that do not belong together.
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
        let sample_size = check_components(
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
}

/// CLIP's tokenizer from its vocabulary and merges, configured as in Stable Diffusion 1 or (`second`)
/// 2.
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
    // OpenCLIP pads with token 0, CLIP with the end token.
    let pad = if second { "!" } else { "<|endoftext|>" };
    let config = format!(r#"{{"pad_token":"{pad}"}}"#);
    Tokenizer::new(&vocab, &merges, config.as_bytes(), None, max_length)
}
