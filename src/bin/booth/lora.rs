//! `--lora`: LoRA files added to the base as they are.

use std::path::Path;

use deltabooth::model::base::Base;
use deltabooth::spectral::lora::{self, Lora, LoraLayers};
use deltabooth::spectral::lora_file;
use deltabooth::spectral::shapes::layer_shapes;
use deltabooth::{Error, Result};

use super::common::{named, read};
use super::generate::delta_and_strength;

/// Adds every `FILE[:STRENGTH]` to the base's UNet and text encoder, deltas baked in or not.
pub(crate) fn add(files: &[String], base: &mut Base) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
    let mut loras: Vec<(Lora, f32)> = Vec::with_capacity(files.len());
    for text in files {
        let (path, strength) = delta_and_strength(text, Path::is_file);
        if !strength.is_finite() {
            return Err(Error::Settings(format!(
                "The strength of {} is {strength}; give a number such as 0.8 or 1.",
                path.display()
            )));
        }
        let lora = lora_file::read(&read(&path)?, &shapes[0], &shapes[1]);
        loras.push((lora.map_err(|error| named(&path, error))?, strength));
    }
    let parts = |part: fn(&Lora) -> &LoraLayers| -> Vec<(&LoraLayers, f32)> {
        loras.iter().map(|(lora, s)| (part(lora), *s)).collect()
    };
    base.text_encoder = lora::apply(&base.text_encoder, &parts(|lora| &lora.text_encoder))?;
    base.unet = lora::apply(&base.unet, &parts(|lora| &lora.unet))?;
    Ok(())
}
