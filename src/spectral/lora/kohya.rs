//! The LoRA format of kohya's sd-scripts, which A1111, ComfyUI and diffusers read.
//!
//! ```text
//! lora_unet_<diffusers path, '.' as '_'>.lora_down.weight   [r, c_in] or [r, c_in, k, k]
//!                                       .lora_up.weight     [c_out, r] or [c_out, r, 1, 1]
//!                                       .alpha              []; scale = alpha / r
//! lora_te_<path>…                                           the same of the text encoder
//! ```
//!
//! Written files have a rank for each layer, and alpha = r, so that the scale is 1. The metadata are
//! `ss_*` and `sshs_model_hash` (SHA-256 of the bytes after the header) as in sd-scripts, and
//! `modelspec.*` 1.0.1.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::base_model::BaseModel;
use crate::model::config::PredictionType;
use crate::sha256::hex_digest;
use crate::spectral::decompose::shapes::{Component, Shapes};
use crate::spectral::delta::DeltaMetadata;
use crate::spectral::lora::from_delta::LoraReport;
use crate::spectral::lora::layers::Lora;
use crate::spectral::lora::names::{TensorName, TensorRole, Tensors, flat, matrices, sorted};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::{Dtype, from_f32};

/// Writes a file with values as F16, BF16 or F32. `shapes` are those of the UNet and of the text
/// encoder.
///
/// # Errors
/// `Delta` if the base model has no such layer; `Weights` for another type of numbers.
pub fn write(
    lora: &Lora,
    shapes: [&Shapes; 2],
    metadata: &BTreeMap<String, String>,
    dtype: Dtype,
) -> Result<Vec<u8>> {
    let mut tensors = Tensors::new();
    let parts = [("lora_unet", &lora.unet), ("lora_te", &lora.text_encoder)];
    for ((prefix, layers), shapes) in parts.into_iter().zip(shapes) {
        for (path, layer) in layers {
            let stem = format!("{prefix}_{}", flat(path));
            let [(down, down_shape), (up, up_shape)] = matrices(path, layer, shapes)?;
            let alpha = layer.scale * layer.rank as f32;
            let mut add = |name: &str, shape: Vec<usize>, values: &[f32]| -> Result<()> {
                let bytes = from_f32(dtype, values)?;
                tensors.insert(format!("{stem}.{name}"), (dtype, shape, bytes));
                Ok(())
            };
            add("alpha", vec![], &[alpha])?;
            add("lora_down.weight", down_shape, down)?;
            add("lora_up.weight", up_shape, up)?;
        }
    }
    let tensors = sorted(tensors);
    let mut hashed = Vec::new();
    for (_, _, _, bytes) in &tensors {
        hashed.extend_from_slice(bytes);
    }
    let mut metadata = metadata.clone();
    metadata.insert("sshs_model_hash".into(), hex_digest(&hashed));
    safetensors::write(&tensors, &metadata)
}

/// The `ss_*` and `modelspec.*` entries of a LoRA made from a delta.
pub fn metadata(
    about: &DeltaMetadata,
    base: &BaseModel,
    report: &LoraReport,
) -> BTreeMap<String, String> {
    let rank = report.rank.to_string();
    let mut entries = BTreeMap::from(
        [
            ("ss_network_module", "networks.lora".to_owned()),
            ("ss_network_dim", rank.clone()),
            ("ss_network_alpha", rank.clone()),
            (
                "ss_network_args",
                format!("{{\"conv_dim\": \"{rank}\", \"conv_alpha\": \"{rank}\"}}"),
            ),
            ("ss_sd_model_name", about.base_id.clone()),
            ("ss_output_name", about.title.clone()),
            ("ss_steps", about.steps.to_string()),
            ("modelspec.sai_model_spec", "1.0.1".to_owned()),
            ("modelspec.implementation", "diffusers".to_owned()),
            ("modelspec.title", about.title.clone()),
            ("modelspec.date", about.date.clone()),
            ("modelspec.author", about.author.clone()),
            ("modelspec.license", about.licence.clone()),
            ("modelspec.description", about.description.clone()),
            ("modelspec.trigger_phrase", about.trigger_phrase.clone()),
            ("modelspec.thumbnail", about.thumbnail.clone()),
            ("deltabooth.base_sha256", about.base_sha256.clone()),
            ("deltabooth.energy_kept", format!("{:.6}", report.energy())),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    let v_prediction = base.scheduler.prediction_type == PredictionType::VPrediction;
    let (architecture, version) = architecture(base.text_encoder.hidden_size(), v_prediction);
    entries.insert(
        "modelspec.architecture".into(),
        format!("{architecture}/lora"),
    );
    if let Some(version) = version {
        entries.insert("ss_base_model_version".into(), version.to_owned());
        entries.insert(
            "ss_v2".into(),
            if version == "sd_v2" { "True" } else { "False" }.to_owned(),
        );
    }
    entries.retain(|_, value| !value.is_empty());
    entries
}

/// ModelSpec's and kohya's names of the base model's architecture, by the hidden size of its text
/// encoder. Other sizes get a general name, because the LoRA would not fit the published models.
fn architecture(hidden_size: usize, v_prediction: bool) -> (&'static str, Option<&'static str>) {
    match (hidden_size, v_prediction) {
        (768, _) => ("stable-diffusion-v1", Some("sd_v1")),
        (1024, false) => ("stable-diffusion-v2-512", Some("sd_v2")),
        (1024, true) => ("stable-diffusion-v2-768-v", Some("sd_v2")),
        _ => ("stable-diffusion", None),
    }
}

/// Parses the name of a tensor; `None` if it has another format.
pub(crate) fn parse(name: &str) -> Option<TensorName<'_>> {
    let (stem, role) = name.split_once('.')?;
    let (component, path) = match (
        stem.strip_prefix("lora_unet_"),
        stem.strip_prefix("lora_te_"),
    ) {
        (Some(path), _) => (Component::Unet, path),
        (_, Some(path)) => (Component::TextEncoder, path),
        _ => return None,
    };
    let role = match role {
        "lora_down.weight" => TensorRole::Down,
        "lora_up.weight" => TensorRole::Up,
        "alpha" => TensorRole::Alpha,
        _ => return None,
    };
    Some(TensorName {
        component: Some(component),
        path: path.into(),
        role,
    })
}

#[cfg(test)]
mod tests {
    use crate::spectral::lora::kohya::architecture;

    #[test]
    fn only_bases_of_stable_diffusion_are_named_so() {
        for (hidden_size, v_prediction, expected) in [
            (768, false, ("stable-diffusion-v1", Some("sd_v1"))),
            (1024, false, ("stable-diffusion-v2-512", Some("sd_v2"))),
            (1024, true, ("stable-diffusion-v2-768-v", Some("sd_v2"))),
            (128, false, ("stable-diffusion", None)),
        ] {
            assert_eq!(architecture(hidden_size, v_prediction), expected);
        }
    }
}
