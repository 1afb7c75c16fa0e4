//! Other programs' files as a delta of this base.

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::spectral::decompose::shapes::{Component, layer_shapes};
use crate::spectral::delta::svdiff_pytorch as format;
use crate::spectral::delta::{Delta, DeltaMetadata};
use crate::spectral::lora::file::is_lora;
use crate::weights::format::safetensors::Header;

/// Whether a file is svdiff-pytorch's, or a LoRA, which [`svdiff_pytorch`] refuses by name.
pub fn is_foreign(file: &[u8]) -> bool {
    Header::parse(file, file.len() as u64)
        .is_ok_and(|header| is_lora(&header) || format::component(&header).is_some())
}

/// svdiff-pytorch's files, by name, as a delta of `base`: for the UNet, the text encoder or both.
///
/// The files do not say which base they are for, so paths and lengths are all that is checked;
/// base and precision of `metadata` are set.
///
/// # Errors
/// `Delta`, naming the file, if it is another program's, damaged, of other layers, or the second
/// one for the same part.
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
