//! The LoRA format of diffusers and PEFT (`pytorch_lora_weights.safetensors`).
//!
//! ```text
//! unet.<path>.lora_A.weight           [r, c_in] or [r, c_in, k, k]
//! unet.<path>.lora_B.weight           [c_out, r] or [c_out, r, 1, 1]
//! text_encoder.<path>.lora_A.weight   …
//! ```
//!
//! Written files have no alpha, which means scale 1. Some versions of diffusers use the wrong scale if
//! the ranks of the layers differ, so all layers are padded with zeros to the same rank.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::Result;
use crate::spectral::decompose::shapes::{Component, Shapes};
use crate::spectral::lora::layers::{Lora, LoraLayer};
use crate::spectral::lora::names::{TensorName, TensorRole, Tensors, matrices, sorted};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::{Dtype, from_f32};

/// Name of the file in diffusers.
pub const FILE: &str = "pytorch_lora_weights.safetensors";

/// Suffixes of the tensors' names: of current versions first, then of older ones.
const SUFFIXES: [(&str, TensorRole); 12] = [
    (".lora_A.weight", TensorRole::Down),
    (".lora_B.weight", TensorRole::Up),
    (".lora_A.default.weight", TensorRole::Down),
    (".lora_B.default.weight", TensorRole::Up),
    (".lora.down.weight", TensorRole::Down),
    (".lora.up.weight", TensorRole::Up),
    (".lora_linear_layer.down.weight", TensorRole::Down),
    (".lora_linear_layer.up.weight", TensorRole::Up),
    ("_lora.down.weight", TensorRole::Down),
    ("_lora.up.weight", TensorRole::Up),
    (".lora.alpha", TensorRole::Alpha),
    (".alpha", TensorRole::Alpha),
];

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
    let all = lora.unet.values().chain(lora.text_encoder.values());
    let rank = all.map(|layer| layer.rank).max().unwrap_or(0);
    let mut tensors = Tensors::new();
    let parts = [("unet", &lora.unet), ("text_encoder", &lora.text_encoder)];
    for ((prefix, layers), shapes) in parts.into_iter().zip(shapes) {
        for (path, layer) in layers {
            let layer = padded(layer, rank);
            let [down, up] = matrices(path, &layer, shapes)?;
            for (name, (values, shape)) in [("lora_A", down), ("lora_B", up)] {
                let bytes = from_f32(dtype, values)?;
                tensors.insert(
                    format!("{prefix}.{path}.{name}.weight"),
                    (dtype, shape, bytes),
                );
            }
        }
    }
    let tensors = sorted(tensors);
    let mut metadata = metadata.clone();
    metadata.insert("format".into(), "pt".into());
    safetensors::write(&tensors, &metadata)
}

/// The same ΔW with a larger rank and scale 1.
fn padded(layer: &LoraLayer, rank: usize) -> LoraLayer {
    let fan_in = layer.down.len() / layer.rank.max(1);
    let mut down = layer.down.clone();
    down.resize(rank * fan_in, 0.0);
    let mut up = Vec::with_capacity(layer.up.len() / layer.rank.max(1) * rank);
    for row in layer.up.chunks_exact(layer.rank.max(1)) {
        up.extend(row.iter().map(|b| b * layer.scale));
        up.resize(up.len() + rank - layer.rank, 0.0);
    }
    LoraLayer {
        rank,
        scale: 1.0,
        down,
        up,
    }
}

/// Parses the name of a tensor; `None` if it has another format.
///
/// Old attention processors have names such as `attn1.processor.to_q_lora`. Files of PEFT begin with
/// `base_model.model.`. A UNet saved alone has no prefix.
pub(crate) fn parse(name: &str) -> Option<TensorName<'_>> {
    let (path, role) = SUFFIXES
        .iter()
        .find_map(|(suffix, role)| Some((name.strip_suffix(suffix)?, *role)))?;
    let (component, path) = match (
        path.strip_prefix("unet."),
        path.strip_prefix("text_encoder."),
    ) {
        (Some(path), _) => (Some(Component::Unet), path),
        (_, Some(path)) => (Some(Component::TextEncoder), path),
        _ => (None, path),
    };
    let path = path.strip_prefix("base_model.model.").unwrap_or(path);
    let path = match path.replace(".processor.", ".") {
        plain if plain.ends_with(".to_out") => Cow::Owned(plain + ".0"),
        plain => Cow::Owned(plain),
    };
    Some(TensorName {
        component,
        path,
        role,
    })
}
