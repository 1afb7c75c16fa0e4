//! Folders like those of published bases, with random weights.

use std::path::PathBuf;

use clap::ValueEnum;
use deltabooth::synthetic::{Kind, Options, write};

use crate::browser::repository;

/// The folder of a stand-in, written if it is not there; `base` is the embedded base.
pub fn folder(kind: &str) -> PathBuf {
    if kind == "base" {
        return repository().join("static/base");
    }
    let folder = repository().join("target/standins").join(kind);
    if !folder.join("model_index.json").exists() {
        let kind = Kind::from_str(kind, false).expect("one of `booth synth --like`'s kinds");
        write(&Options::new(kind), &folder, &mut |_, _| {}).expect("the stand-in is written");
    }
    folder
}
