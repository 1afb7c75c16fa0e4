//! Stand-ins: a published base's names, shapes, configs and sizes, with random weights.
//!
//! They are for tests and measurements where the published weights cannot be had; their pictures
//! show nothing. The numbers follow from seed and name alone, so that every layout and every
//! number of shards of one seed holds the same model.

mod configs;
mod files;
mod lcm_lora;
mod ldm;
mod random;
mod tokenizer;

use std::path::Path;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::config::{ClipTextConfig, UNetConfig, VaeConfig, VaeTinyConfig};
use crate::model::tensor_shapes;
use crate::model::tensor_shapes::TensorShapes;
use crate::synthetic::configs::Configs;
use crate::synthetic::files::{Part, Writer};
use crate::weights::format::safetensors::Dtype;

/// Whose shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Stable Diffusion 1.5.
    Sd15,
    /// BK-SDM-Base (small-sd has the same shapes): one layer per block.
    BkSdmBase,
    /// BK-SDM-Small: one layer, no middle block.
    BkSdmSmall,
    /// BK-SDM-Tiny (tiny-sd has the same shapes): three levels, one layer, no middle block.
    BkSdmTiny,
    /// SD-Turbo: Stable Diffusion 2.1's shapes, with OpenCLIP-H.
    SdTurbo,
    /// LCM Dreamshaper v7: Stable Diffusion 1.5's, with an embedding of the guidance scale.
    Lcm,
    /// TAESD, alone in its folder.
    Taesd,
    /// LCM-LoRA for Stable Diffusion 1.5: one LoRA file.
    LcmLora,
}

/// How the weights are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// A folder as diffusers writes it.
    #[default]
    Folder,
    /// One file as the original code wrote it (LDM), and the tokenizer's folder beside it.
    SingleFile,
}

/// How large a stand-in is; the names are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As published.
    Published,
    /// Few channels, small pictures.
    Small,
    /// Enough channels that its weights are not taken apart in a moment; small pictures.
    Middle,
}

/// What to write.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose shapes.
    pub kind: Kind,
    /// F32, F16 or BF16.
    pub dtype: Dtype,
    /// Folder or single file.
    pub layout: Layout,
    /// Files per part of a folder; 1 writes no index.
    pub shards: usize,
    /// Inserted into the names of weight files, as in `model.fp16.safetensors`.
    pub variant: Option<String>,
    /// The numbers follow from it.
    pub seed: u64,
    /// The published sizes, or a model for tests.
    pub size: Size,
}

impl Options {
    /// A folder of `kind` in F16.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            dtype: Dtype::F16,
            layout: Layout::Folder,
            shards: 1,
            variant: None,
            seed: 0,
            size: Size::Published,
        }
    }
}

/// Names and shapes of every tensor, by component.
///
/// # Errors
/// `Config` if a config of this module were not one that the program can read.
pub fn tensors(kind: Kind, size: Size) -> Result<Vec<(&'static str, TensorShapes)>> {
    let configs = Configs::new(kind, size);
    let bytes = |value: &Value| value.to_string().into_bytes();
    if let Some(tiny) = &configs.vae_tiny {
        let config = VaeTinyConfig::parse(&bytes(tiny))?;
        return Ok(vec![("", tensor_shapes::vae_tiny(&config))]);
    }
    let unet = UNetConfig::parse(&bytes(&configs.unet))?;
    if kind == Kind::LcmLora {
        return Ok(vec![("", lcm_lora::tensors(&unet, size))]);
    }
    let text = ClipTextConfig::parse(&bytes(&configs.text_encoder))?;
    let vae = VaeConfig::parse(&bytes(&configs.vae))?;
    Ok(vec![
        ("text_encoder", tensor_shapes::text_encoder(&text)),
        ("unet", tensor_shapes::unet(&unet)),
        ("vae", tensor_shapes::vae(&vae)),
    ])
}

/// Writes a stand-in into `out`, tensor by tensor; `progress` gets bytes written and bytes in all.
///
/// # Errors
/// `Settings` for a layout that the kind does not have; `Io` if `out` holds files already or
/// cannot be written.
pub fn write(options: &Options, out: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let alone = matches!(options.kind, Kind::Taesd | Kind::LcmLora);
    if options.layout == Layout::SingleFile && (alone || options.shards > 1) {
        return Err(Error::Settings(
            "There is no such single file: only whole bases have that layout, and it has no shards. Leave out --layout or --shards.".into(),
        ));
    }
    if !(1..=99).contains(&options.shards) {
        return Err(Error::Settings(format!(
            "{} shards were asked for; 1 to 99 can be written.",
            options.shards
        )));
    }
    if let Some(variant) = &options.variant
        && !variant.chars().all(|c| c.is_ascii_alphanumeric())
    {
        return Err(Error::Settings(format!(
            "'{variant}' cannot be part of a file's name here. Use letters and digits, as in fp16."
        )));
    }
    let configs = Configs::new(options.kind, options.size);
    let tensors = tensors(options.kind, options.size)?;
    let parameters: u64 = tensors
        .iter()
        .flat_map(|(_, shapes)| shapes.values())
        .map(|shape| shape.iter().product::<usize>() as u64)
        .sum();
    let mut writer = Writer::new(out, options, parameters, progress)?;
    match options.kind {
        Kind::Taesd => {
            if let Some(config) = &configs.vae_tiny {
                writer.json("config.json", config)?;
            }
        }
        Kind::LcmLora => {}
        _ => {
            tokenizer::write(&mut writer, options.kind == Kind::SdTurbo)?;
            if options.layout == Layout::Folder {
                writer.json("model_index.json", &configs.model_index)?;
                writer.json("scheduler/scheduler_config.json", &configs.scheduler)?;
                writer.json("text_encoder/config.json", &configs.text_encoder)?;
                writer.json("unet/config.json", &configs.unet)?;
                writer.json("vae/config.json", &configs.vae)?;
            }
        }
    }
    if options.layout == Layout::SingleFile {
        return writer.weights("model", &ldm::entries(tensors, &configs.unet));
    }
    for (component, shapes) in tensors {
        let path = match (component, options.kind) {
            ("text_encoder", _) => "text_encoder/model".to_owned(),
            (_, Kind::LcmLora) => "pytorch_lora_weights".to_owned(),
            ("", _) => "diffusion_pytorch_model".to_owned(),
            (component, _) => format!("{component}/diffusion_pytorch_model"),
        };
        let entries: Vec<_> = shapes
            .into_iter()
            .map(|(name, shape)| Part::alone(component, name, shape))
            .collect();
        writer.weights(&path, &entries)?;
    }
    Ok(())
}

/// `model_index.json` of a stand-in.
fn model_index(class: &str, kind: &str, scheduler: &str) -> Value {
    json!({
        "_class_name": class,
        "_diffusers_version": "0.42.1",
        "_name_or_path": format!("stand-in/{kind}"),
        "feature_extractor": [null, null],
        "requires_safety_checker": false,
        "safety_checker": [null, null],
        "scheduler": ["diffusers", scheduler],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    })
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod stored_tests;
#[cfg(test)]
#[path = "tests.rs"]
mod tests;
