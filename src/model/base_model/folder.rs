//! A base model from a diffusers folder.

use std::sync::Arc;

use crate::error::Result;
use crate::model::autoencoder_kl::AutoencoderKL;
use crate::model::autoencoder_tiny::AutoencoderTiny;
use crate::model::base_model::compatibility::{check_components, check_tiny};
use crate::model::base_model::{BaseModel, CONFIG_LIMIT, Progress, VOCAB_LIMIT, finish};
use crate::model::clip::ClipTextModel;
use crate::model::config::{
    ClipTextConfig, ModelIndex, SchedulerConfig, UNetConfig, VaeConfig, VaeTinyConfig,
};
use crate::model::tokenizer::Tokenizer;
use crate::model::unet::UNet2DConditionModel;
use crate::weights::{BaseHash, Files, Place, Weights};

/// The configs of all components.
struct Configs {
    index: ModelIndex,
    scheduler: SchedulerConfig,
    text_encoder: ClipTextConfig,
    unet: UNetConfig,
    vae: VaeConfig,
    vae_tiny: Option<VaeTinyConfig>,
}

impl BaseModel {
    /// Loads a diffusers folder onto a device, or to a [`Place`], which also says how matrices are
    /// stored. All configs are read and checked before the first weight file.
    ///
    /// The folder may contain an `AutoencoderTiny` in `vae_tiny/`. `model_index.json` must then list
    /// it: `"vae_tiny": ["diffusers", "AutoencoderTiny"]`. The model's hash does not cover it,
    /// because no delta depends on it.
    ///
    /// # Errors
    /// `Io` if a file is missing; `Config` for an unsupported option, or parts that do not belong
    /// together; `Weights` for a weight file that is damaged or does not match its config.
    pub async fn load(
        files: &Files,
        place: impl Into<Place>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let place = place.into();
        let configs = Configs::read(files).await?;
        let max_length = configs.text_encoder.max_position_embeddings;
        let tokenizer = read_tokenizer(files, max_length).await?;
        let sample_size = check_components(
            &tokenizer,
            &configs.text_encoder,
            &configs.unet,
            &configs.vae,
        )?;
        if let Some(tiny) = &configs.vae_tiny {
            check_tiny(tiny, &configs.vae)?;
        }

        let mut hash = BaseHash::new();
        let mut read = async |component: &'static str, stem: &str, hash: &mut BaseHash| {
            read_component(files, component, stem, &place, hash, progress).await
        };
        let mut weights = read("text_encoder", "model", &mut hash).await?;
        let text_encoder = ClipTextModel::load(&configs.text_encoder, &mut weights)?;
        finish(weights, &place.device)?;
        let mut weights = read("unet", "diffusion_pytorch_model", &mut hash).await?;
        let unet = UNet2DConditionModel::load(&configs.unet, &mut weights)?;
        finish(weights, &place.device)?;
        let mut weights = read("vae", "diffusion_pytorch_model", &mut hash).await?;
        let vae = AutoencoderKL::load(&configs.vae, &mut weights)?;
        finish(weights, &place.device)?;
        let mut vae_tiny = None;
        if let Some(config) = &configs.vae_tiny {
            let unused = &mut BaseHash::new();
            let mut weights = read("vae_tiny", "diffusion_pytorch_model", unused).await?;
            vae_tiny = Some(AutoencoderTiny::load(config, &mut weights)?);
            finish(weights, &place.device)?;
        }

        let name = configs.index.name_or_path;
        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            text_encoder,
            unet,
            vae,
            vae_tiny,
            scheduler: configs.scheduler,
            sample_size,
            id: name.unwrap_or_else(|| folder_name(files)),
            hash: hash.finish(),
            scale: configs.vae.scale(),
            latent_channels: configs.vae.latent_channels,
            device: place.device,
        })
    }
}

impl Configs {
    async fn read(files: &Files) -> Result<Self> {
        let read = async |path: &str| files.read(path, CONFIG_LIMIT).await;
        let index = ModelIndex::parse(&read("model_index.json").await?)?;
        let scheduler = SchedulerConfig::parse(&read("scheduler/scheduler_config.json").await?)?;
        let text_encoder = ClipTextConfig::parse(&read("text_encoder/config.json").await?)?;
        let unet = UNetConfig::parse(&read("unet/config.json").await?)?;
        let vae = VaeConfig::parse(&read("vae/config.json").await?)?;
        let vae_tiny = if index.vae_tiny || files.lists("vae_tiny/config.json") {
            let config = read("vae_tiny/config.json").await?;
            Some(VaeTinyConfig::parse(&config)?)
        } else {
            None
        };
        Ok(Self {
            index,
            scheduler,
            text_encoder,
            unet,
            vae,
            vae_tiny,
        })
    }
}

/// The weights of `component`, from files named after `stem`.
async fn read_component(
    files: &Files,
    component: &'static str,
    stem: &str,
    place: &Place,
    hash: &mut BaseHash,
    progress: &mut dyn FnMut(Progress),
) -> Result<Weights> {
    let paths = files.weight_files(component, stem).await?;
    let mut report = |done, total| {
        progress(Progress {
            component,
            done,
            total,
        })
    };
    files
        .component(&paths, component, place, hash, &mut report)
        .await
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

/// The last segment of the folder's path or address.
fn folder_name(files: &Files) -> String {
    let path = match files {
        #[cfg(not(target_family = "wasm"))]
        Files::Folder(folder) => folder.to_string_lossy().into_owned(),
        Files::Local(files) => files.title().to_owned(),
        #[cfg(feature = "web")]
        Files::Http(address) => address.clone(),
        #[cfg(feature = "web")]
        Files::Cached(files) => files.title().to_owned(),
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
