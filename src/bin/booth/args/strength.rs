//! `FILE[:STRENGTH]`: deltas and LoRAs that are added to the base model.

use std::path::{Path, PathBuf};

use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::LayerSelection;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::lora::{self, Lora};
use deltabooth::{Error, Result};

use super::factors::CacheArg;
use crate::io::files::{named, read};

/// The base model with all deltas added to its singular values; `None` without deltas.
pub(crate) async fn bake(
    base: &BaseModel,
    deltas: &[(Delta, f32)],
    cache: &CacheArg,
) -> Result<Option<BaseModel>> {
    if deltas.is_empty() {
        return Ok(None);
    }
    let shifted: Vec<&Delta> = deltas.iter().map(|(delta, _)| delta).collect();
    let decomposed = cache
        .factors(base, &LayerSelection::for_deltas(&shifted))
        .await?;
    let deltas: Vec<(&Delta, f32)> = deltas.iter().map(|(delta, by)| (delta, *by)).collect();
    decomposed.bake(base, &deltas).map(Some)
}

/// Reads a delta and its strength.
pub(crate) fn open_delta(text: &str) -> Result<(Delta, f32)> {
    let (path, strength) = path_and_strength(text)?;
    let delta = Delta::from_bytes(&read(&path)?).map_err(|error| named(&path, error))?;
    Ok((delta, strength))
}

/// Splits `FILE[:STRENGTH]` and checks the strength.
fn path_and_strength(text: &str) -> Result<(PathBuf, f32)> {
    let (path, strength) = split_strength(text, Path::is_file);
    if strength.is_finite() {
        return Ok((path, strength));
    }
    Err(Error::Settings(format!(
        "The strength of {} is {strength}; give a number such as 0.8 or 1.",
        path.display()
    )))
}

/// Splits `FILE[:STRENGTH]`. A path may contain colons: a text that is a file as a whole has no
/// strength, and the part after the last colon is a strength only if it is a number.
fn split_strength(text: &str, is_file: impl Fn(&Path) -> bool) -> (PathBuf, f32) {
    let split = text
        .rsplit_once(':')
        .and_then(|(path, strength)| Some((path, strength.trim().parse().ok()?)));
    match split {
        Some((path, strength)) if !path.is_empty() && !is_file(Path::new(text)) => {
            (path.into(), strength)
        }
        _ => (text.into(), 1.0),
    }
}

/// The base model, with or without deltas, with every LoRA of `FILE[:STRENGTH]` added.
pub(crate) fn add_loras(files: &[String], base: BaseModel) -> Result<BaseModel> {
    if files.is_empty() {
        return Ok(base);
    }
    let mut loras: Vec<(Lora, f32)> = Vec::with_capacity(files.len());
    for text in files {
        let (path, strength) = path_and_strength(text)?;
        let lora = Lora::read(&read(&path)?, &base).map_err(|error| named(&path, error))?;
        loras.push((lora, strength));
    }
    let loras: Vec<_> = loras.iter().map(|(lora, by)| (lora, *by)).collect();
    lora::add_to(base, &loras)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_is_told_from_a_colon_in_a_path() {
        let parse = |text: &str| split_strength(text, |path| path == Path::new("takes/8:30"));
        for (text, path, strength) in [
            ("cat.safetensors", "cat.safetensors", 1.0),
            ("cat.safetensors:0.8", "cat.safetensors", 0.8),
            ("cat.safetensors:-1", "cat.safetensors", -1.0),
            (r"C:\cat.safetensors", r"C:\cat.safetensors", 1.0),
            (r"C:\cat.safetensors:1.2", r"C:\cat.safetensors", 1.2),
            ("takes/8:30", "takes/8:30", 1.0),
            ("takes/8:30:0.5", "takes/8:30", 0.5),
            ("a:b.safetensors", "a:b.safetensors", 1.0),
            (":0.5", ":0.5", 1.0),
            ("cat:", "cat:", 1.0),
        ] {
            assert_eq!(parse(text), (PathBuf::from(path), strength), "{text}");
        }
    }
}
