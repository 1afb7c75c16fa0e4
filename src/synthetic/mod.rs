//! Synthetic models: names, shapes, configs and sizes of published base models, with random weights.
//!
//! They are for tests and measurements without the published weights; their pictures show nothing.
//! The values depend only on the seed and the name of a tensor, so a folder, a single file and any
//! number of shards with the same seed hold the same model.
//!
//! | file | content |
//! |---|---|
//! | `options` | what is written |
//! | `configs` | the published config files |
//! | `random` | the values of the tensors |
//! | `files` | writes weight files in pieces |
//! | `ldm` | names of the single-file layout (LDM) |
//! | `lcm_lora` | tensors of LCM-LoRA |
//! | `tokenizer` | a vocabulary of CLIP's size |

mod configs;
mod files;
mod lcm_lora;
mod ldm;
mod options;
mod random;
mod tokenizer;

#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::config::{ClipTextConfig, UNetConfig, VaeConfig, VaeTinyConfig};
use crate::model::layer_info::text_encoder::text_encoder_layers;
use crate::model::layer_info::unet::unet_layers;
use crate::model::layer_info::vae::vae_layers;
use crate::model::layer_info::vae_tiny::vae_tiny_layers;
use crate::model::layer_info::{TensorShapes, tensor_shapes};
use crate::synthetic::configs::Configs;
use crate::synthetic::files::{Part, Writer};

pub use crate::synthetic::options::{Kind, Layout, Options, Size};

/// Names and shapes of all tensors, by component.
///
/// # Errors
/// None that a caller can cause.
pub fn tensors(kind: Kind, size: Size) -> Result<Vec<(&'static str, TensorShapes)>> {
    let configs = Configs::new(kind, size);
    let bytes = |value: &Value| value.to_string().into_bytes();
    if let Some(tiny) = &configs.vae_tiny {
        let config = VaeTinyConfig::parse(&bytes(tiny))?;
        return Ok(vec![("", tensor_shapes(&vae_tiny_layers(&config)))]);
    }
    let unet = UNetConfig::parse(&bytes(&configs.unet))?;
    if kind == Kind::LcmLora {
        return Ok(vec![("", lcm_lora::tensors(&unet, size))]);
    }
    let text = ClipTextConfig::parse(&bytes(&configs.text_encoder))?;
    let vae = VaeConfig::parse(&bytes(&configs.vae))?;
    Ok(vec![
        ("text_encoder", tensor_shapes(&text_encoder_layers(&text))),
        ("unet", tensor_shapes(&unet_layers(&unet))),
        ("vae", tensor_shapes(&vae_layers(&vae))),
    ])
}

/// Writes a synthetic model to the folder `out`. `progress` is called with the bytes written so far
/// and in total.
///
/// # Errors
/// `Settings` for an invalid combination of options; `Io` if `out` is not empty or cannot be
/// written.
pub fn write(options: &Options, out: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    check(options)?;
    let configs = Configs::new(options.kind, options.size);
    let tensors = tensors(options.kind, options.size)?;
    let parameters: u64 = tensors
        .iter()
        .flat_map(|(_, shapes)| shapes.values())
        .map(|shape| shape.iter().product::<usize>() as u64)
        .sum();
    let mut writer = Writer::new(out, options, parameters, progress)?;
    write_configs(&mut writer, options, &configs)?;
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

/// Checks the options before anything is written.
fn check(options: &Options) -> Result<()> {
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
    Ok(())
}

/// Writes the config files and the tokenizer.
fn write_configs(writer: &mut Writer<'_>, options: &Options, configs: &Configs) -> Result<()> {
    match options.kind {
        Kind::Taesd => {
            if let Some(config) = &configs.vae_tiny {
                writer.json("config.json", config)?;
            }
        }
        Kind::LcmLora => {}
        _ => {
            tokenizer::write(writer, options.kind == Kind::SdTurbo)?;
            if options.layout == Layout::Folder {
                writer.json("model_index.json", &configs.model_index)?;
                writer.json("scheduler/scheduler_config.json", &configs.scheduler)?;
                writer.json("text_encoder/config.json", &configs.text_encoder)?;
                writer.json("unet/config.json", &configs.unet)?;
                writer.json("vae/config.json", &configs.vae)?;
            }
        }
    }
    Ok(())
}
