//! `--lora`: LoRA files added to the base as they are.

use std::path::Path;

use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::lora::{self, Lora};
use deltabooth::{Error, Result};

use super::common::{named, read};
use super::generate::delta_and_strength;

/// The base with every `FILE[:STRENGTH]` added to it, deltas baked in or not.
pub(crate) fn add(files: &[String], base: BaseModel) -> Result<BaseModel> {
    if files.is_empty() {
        return Ok(base);
    }
    let mut loras: Vec<(Lora, f32)> = Vec::with_capacity(files.len());
    for text in files {
        let (path, strength) = delta_and_strength(text, Path::is_file);
        if !strength.is_finite() {
            return Err(Error::Settings(format!(
                "The strength of {} is {strength}; give a number such as 0.8 or 1.",
                path.display()
            )));
        }
        let lora = Lora::read(&read(&path)?, &base).map_err(|error| named(&path, error))?;
        loras.push((lora, strength));
    }
    let loras: Vec<_> = loras.iter().map(|(lora, by)| (lora, *by)).collect();
    lora::add_to(base, &loras)
}
