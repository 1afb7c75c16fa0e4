//! LoRA files as diffusers and PEFT have them (`pytorch_lora_weights.safetensors`).
//!
//! ```text
//! unet.<path>.lora_A.weight           [r, c_in] or [r, c_in, k, k]
//! unet.<path>.lora_B.weight           [c_out, r] or [c_out, r, 1, 1]
//! text_encoder.<path>.lora_A.weight   …
//! ```
//!
//! There is no alpha, which readers take for scale 1 only where all layers have one rank: some
//! versions of diffusers give layers of a lower rank the scale of the others. Written files
//! therefore have one rank, layers of a lower one being filled up with zeros.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::Result;
use crate::spectral::decompose::shapes::{Component, Shapes};
use crate::spectral::lora::file::{Half, Name, halves};
use crate::spectral::lora::{Lora, LoraLayer};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::{Dtype, from_f32};

/// The file's name in diffusers.
pub const FILE: &str = "pytorch_lora_weights.safetensors";

/// Names of the halves, the current ones first, then those of older versions.
const ENDS: [(&str, Half); 12] = [
    (".lora_A.weight", Half::Down),
    (".lora_B.weight", Half::Up),
    (".lora_A.default.weight", Half::Down),
    (".lora_B.default.weight", Half::Up),
    (".lora.down.weight", Half::Down),
    (".lora.up.weight", Half::Up),
    (".lora_linear_layer.down.weight", Half::Down),
    (".lora_linear_layer.up.weight", Half::Up),
    ("_lora.down.weight", Half::Down),
    ("_lora.up.weight", Half::Up),
    (".lora.alpha", Half::Alpha),
    (".alpha", Half::Alpha),
];

/// Writes a file in F16, BF16 or F32.
///
/// # Errors
/// `Delta` if a layer is not in the base's shapes; `Weights` for another type of numbers.
pub fn write(
    lora: &Lora,
    shapes: [&Shapes; 2],
    metadata: &BTreeMap<String, String>,
    dtype: Dtype,
) -> Result<Vec<u8>> {
    let all = lora.unet.values().chain(lora.text_encoder.values());
    let rank = all.map(|layer| layer.rank).max().unwrap_or(0);
    let mut tensors = BTreeMap::new();
    let parts = [("unet", &lora.unet), ("text_encoder", &lora.text_encoder)];
    for ((prefix, layers), shapes) in parts.into_iter().zip(shapes) {
        for (path, layer) in layers {
            let layer = filled_up(layer, rank);
            let [down, up] = halves(path, &layer, shapes)?;
            for (name, (values, shape)) in [("lora_A", down), ("lora_B", up)] {
                let bytes = from_f32(dtype, values)?;
                tensors.insert(
                    format!("{prefix}.{path}.{name}.weight"),
                    (dtype, shape, bytes),
                );
            }
        }
    }
    let tensors: Vec<_> = tensors
        .into_iter()
        .map(|(name, (dtype, shape, bytes))| (name, dtype, shape, bytes))
        .collect();
    let mut metadata = metadata.clone();
    metadata.insert("format".into(), "pt".into());
    safetensors::write(&tensors, &metadata)
}

/// The same ΔW with rank `rank` and scale 1.
fn filled_up(layer: &LoraLayer, rank: usize) -> LoraLayer {
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

/// A tensor's name as model, path and half; `None` if it is not one of this format.
///
/// Old attention processors are named `attn1.processor.to_q_lora`, PEFT's own files begin with
/// `base_model.model.`, and a UNet saved alone has no prefix.
pub(crate) fn parse(name: &str) -> Option<Name<'_>> {
    let (path, half) = ENDS
        .iter()
        .find_map(|(end, half)| Some((name.strip_suffix(end)?, *half)))?;
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
    Some(Name {
        component,
        path,
        half,
    })
}
