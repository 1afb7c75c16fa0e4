//! The model against diffusers and transformers, by reference tensors in `tests/fixtures`.
//!
//! `DELTABOOTH_FIXTURES=DIR` takes them from another folder, as make_fixtures.py writes it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

mod ddim;
mod embedded;
mod exchange;
mod samplers;
mod schedules;
mod single_file;
mod standins;
mod tensors;
mod text_encoder;
mod tokenizer;
mod training;
mod unet;
mod unmix;
mod vae;
mod vae_tiny;

/// A fixture by its path below the folder; those that another folder lacks are passed over.
fn fixture(path: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("DELTABOOTH_FIXTURES") else {
        return Some(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/fixtures")
                .join(path),
        );
    };
    let path = PathBuf::from(folder).join(path);
    if !path.exists() {
        println!("left out: there is no {path:?}");
        return None;
    }
    Some(path)
}
