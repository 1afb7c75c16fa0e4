//! Runs the `booth` program, mostly with the embedded base model.
//!
//! | file | content |
//! |---|---|
//! | [`generate`] | `booth generate` and its errors |
//! | [`inspect`] | `booth inspect` |
//! | [`deltas`] | deltas: trained, exported, imported, combined |
//! | [`bases`] | checkpoints of one file, LoRAs for few steps, plans, factors |
//! | [`several`] | several subjects, other layers, the text encoder, one picture, the judge |
#![cfg(feature = "booth")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bases;
mod deltas;
mod generate;
mod inspect;
mod several;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deltabooth::weights::format::safetensors::{Dtype, Header, to_f32};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("static")
        .join(name)
}

/// A temporary folder, and the embedded base model's.
struct Place {
    folder: tempfile::TempDir,
    base: String,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            base: folder("base").to_str().unwrap().to_owned(),
        }
    }

    fn at(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }
}

fn booth(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_booth"))
        .args(args)
        .output()
        .unwrap()
}

/// Standard output and standard error of a command that must succeed.
fn succeeds_and_says(args: &[&str]) -> (String, String) {
    let output = booth(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

fn succeeds(args: &[&str]) -> String {
    succeeds_and_says(args).0
}

/// The error message of a command that must fail.
fn fails(args: &[&str]) -> String {
    let output = booth(args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
    assert!(output.stdout.is_empty(), "{args:?}");
    let text = text.trim_end();
    assert!(
        text.ends_with('.') && text.contains(' '),
        "no sentence: {text}"
    );
    assert!(!text.contains("panicked"), "{text}");
    text.to_owned()
}

/// Shape and values of a tensor in a file.
fn tensor(file: &Path, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = std::fs::read(file).unwrap();
    let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
    let info = &header.tensors[name];
    assert_eq!(info.dtype, Dtype::F32);
    let at = |offset: u64| (header.data_start + offset) as usize;
    (
        info.shape.clone(),
        to_f32(info.dtype, &bytes[at(info.start)..at(info.end)]).unwrap(),
    )
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |largest, (a, b)| largest.max((a - b).abs()))
}
