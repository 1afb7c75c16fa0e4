//! Files of other programs as a delta.

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::spectral::decompose::shapes::{Component, layer_shapes};
use crate::spectral::delta::svdiff_pytorch as format;
use crate::spectral::delta::{Delta, DeltaMetadata};
use crate::weights::format::safetensors::Header;

/// Whether the names of the tensors are those of a LoRA file, of any format.
pub fn is_lora(header: &Header) -> bool {
    header.tensors.keys().any(|name| name.contains("lora"))
}

/// Whether a file has the format of svdiff-pytorch, or is a LoRA, for which [`svdiff_pytorch`]
/// returns a specific error.
pub fn is_foreign(file: &[u8]) -> bool {
    Header::parse(file, file.len() as u64)
        .is_ok_and(|header| is_lora(&header) || format::component(&header).is_some())
}

/// Reads files of svdiff-pytorch, given as names and bytes, as a delta of `base`: one for the UNet,
/// one for the text encoder, or both.
///
/// The files do not name their base model, so only paths and lengths are checked. Base model and
/// precision of `metadata` are set.
///
/// # Errors
/// `Delta`, naming the file, if it has another format, is damaged, has other layers, or is the
/// second one for the same model.
pub fn svdiff_pytorch(
    files: &[(&str, &[u8])],
    base: &BaseModel,
    metadata: DeltaMetadata,
) -> Result<Delta> {
    let mut delta = Delta {
        metadata: DeltaMetadata {
            base_id: base.id.clone(),
            base_sha256: base.hash.clone(),
            precision: "f32".into(),
            ..metadata
        },
        ..Delta::default()
    };
    for (name, bytes) in files {
        let named = |error: Error| match error {
            Error::Delta(message) => Error::Delta(format!("{name}: {message}")),
            other => other,
        };
        let header = Header::parse(bytes, bytes.len() as u64).map_err(named)?;
        if is_lora(&header) {
            return Err(Error::Delta(format!(
                "{name} is a LoRA. Its directions are its own, so it is no delta of spectral shifts. `booth generate --lora` takes it as it is."
            )));
        }
        let component = format::component(&header).ok_or_else(|| {
            Error::Delta(format!(
                "{name} is no file of svdiff-pytorch. Give spectral_shifts.safetensors or spectral_shifts_te.safetensors."
            ))
        })?;
        let (set, shapes) = match component {
            Component::Unet => (&mut delta.unet, layer_shapes(&base.unet)?),
            Component::TextEncoder => (&mut delta.text_encoder, layer_shapes(&base.text_encoder)?),
        };
        if !set.is_empty() {
            return Err(Error::Delta(format!(
                "{name} is for the same part of the base as the file before it. Give one file for the UNet and one for the text encoder."
            )));
        }
        *set = format::read(bytes, &shapes).map_err(named)?;
    }
    Ok(delta)
}
