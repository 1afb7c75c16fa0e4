//! Synthetic base models: the shapes of published ones with random weights.

use std::path::PathBuf;

use clap::ValueEnum;
use deltabooth::synthetic::{Kind, Options, write};

use crate::browser::repository;

/// The folder of a synthetic model, written if it does not exist; `base` is the embedded base model.
pub fn folder(kind: &str) -> PathBuf {
    if kind == "base" {
        return repository().join("static/base");
    }
    let folder = repository().join("target/synthetic").join(kind);
    if !folder.join("model_index.json").exists() {
        let kind = Kind::from_str(kind, false).expect("one of `booth synth --like`'s kinds");
        write(&Options::new(kind), &folder, &mut |_, _| {}).expect("the model is written");
    }
    folder
}
