//! Compares the model with diffusers and transformers by reference tensors in `tests/fixtures`.
//!
//! `reference/make_fixtures.py` writes the fixtures; `DELTABOOTH_FIXTURES=DIR` reads them from another
//! folder. `compare/` has scripts that compare the output of `booth` with diffusers.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

mod exchange;
mod models;
mod sampling;
mod tensors;
mod training;
mod unmix;

/// The path of a fixture. `None` if the folder in `DELTABOOTH_FIXTURES` lacks it.
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
        println!("skipped: there is no {path:?}");
        return None;
    }
    Some(path)
}
