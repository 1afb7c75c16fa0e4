//! LoRAs added to the weights of a model.

use burn::tensor::{Device, Tensor};

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::layers::{LayerMut, Weight};
use crate::model::visit_layers::VisitLayers;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::layer_factors::{full_weight, other_model};
use crate::spectral::decompose::transfer::upload;
use crate::spectral::lora::layers::{Lora, LoraLayer, LoraLayers};

/// Adds LoRAs, each with a strength, to the UNet and the text encoder of `base` (diffusers:
/// `fuse_lora`).
///
/// Deltas must be baked in before, because their singular vectors are those of the base model
/// without a LoRA. Weights that are not shared are replaced layer by layer, without a second copy
/// of the model in memory.
///
/// # Errors
/// `Settings` if a strength is not finite; those of [`apply`].
pub fn add_to(mut base: BaseModel, loras: &[(&Lora, f32)]) -> Result<BaseModel> {
    if let Some((_, strength)) = loras.iter().find(|(_, strength)| !strength.is_finite()) {
        return Err(Error::Settings(format!(
            "The strength of a LoRA is {strength}; give a number such as 0.8 or 1."
        )));
    }
    let part = |of: fn(&Lora) -> &LoraLayers| -> Vec<(&LoraLayers, f32)> {
        loras.iter().map(|(lora, by)| (of(lora), *by)).collect()
    };
    add(&mut base.text_encoder, &part(|lora| &lora.text_encoder))?;
    add(&mut base.unet, &part(|lora| &lora.unet))?;
    Ok(base)
}

/// A copy of `model` with Σ strength·scale·B A added to its weights, whose storage type is kept.
///
/// # Errors
/// `Delta`, naming the layer, if it is not in the model or has another shape; `Decomposition` if
/// `model` is being trained.
pub fn apply<M: VisitLayers>(model: &M, loras: &[(&LoraLayers, f32)]) -> Result<M> {
    let mut changed = model.clone();
    add(&mut changed, loras)?;
    Ok(changed)
}

/// Adds Σ strength·scale·B A to the weights of `model`. On an error some weights may be changed.
fn add<M: VisitLayers>(model: &mut M, loras: &[(&LoraLayers, f32)]) -> Result<()> {
    let mut seen = 0;
    model.visit_mut(&mut |path, layer| {
        let weight = match layer {
            LayerMut::Linear(linear) => &mut linear.weight,
            LayerMut::Conv2d(conv) => &mut conv.weight,
            LayerMut::Norm(_) | LayerMut::Embedding(_) => return Ok(()),
        };
        for &(lora, strength) in loras {
            let Some(part) = lora.get(path) else {
                continue;
            };
            seen += 1;
            let sum = full_weight(path, weight)?;
            let [c_out, fan_in] = sum.dims();
            if part.up.len() != c_out * part.rank || part.down.len() != part.rank * fan_in {
                return Err(misfit(path));
            }
            if strength != 0.0 {
                let device = sum.device();
                let changed = sum.f32() + product(part, c_out, fan_in, strength, &device);
                *weight = Weight::Full(Matrix::rounded(changed, sum.stored()));
            }
        }
        Ok(())
    })?;
    let expected: usize = loras.iter().map(|(lora, _)| lora.len()).sum();
    if seen == expected {
        return Ok(());
    }
    let mut known = std::collections::BTreeSet::new();
    model.visit_mut(&mut |path, _| {
        known.insert(path.to_owned());
        Ok(())
    })?;
    let missing = loras.iter().flat_map(|(lora, _)| lora.keys());
    let missing = missing.into_iter().find(|path| !known.contains(*path));
    Err(missing.map_or_else(|| other_model("(a norm or embedding)"), |path| misfit(path)))
}

/// strength·scale·B A, `[c_out, fan_in]`.
fn product(
    part: &LoraLayer,
    c_out: usize,
    fan_in: usize,
    strength: f32,
    device: &Device,
) -> Tensor<2> {
    let up = upload(part.up.clone(), [c_out, part.rank], device);
    let down = upload(part.down.clone(), [part.rank, fan_in], device);
    up.matmul(down) * (strength * part.scale)
}

fn misfit(path: &str) -> Error {
    Error::Delta(format!(
        "The LoRA does not fit this base: its layer '{path}' is not there or has another shape. It was made for another model; choose that one."
    ))
}
