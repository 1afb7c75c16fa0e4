//! Runs `booth` for the sheets: trains deltas and generates pictures.

use std::fs;
use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};

use super::canvas::SIDE;
use crate::shell::{self, Done};

/// The folder for deltas and single pictures.
const WORK: &str = "target/sheets";
/// The page's default guidance scale.
const GUIDANCE: &str = "4";
/// How many training pictures of a subject a sheet shows.
const SHOWN: usize = 4;

/// Runs `booth` and keeps its output files for one call of `cargo xtask sheets`.
pub struct Session {
    /// Path of a built `booth`. Without it, cargo builds and runs one.
    booth: Option<String>,
}

/// A sample subject and its identifier.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Its folder in static/subjects.
    pub folder: &'static str,
    /// The identifier in prompts.
    token: &'static str,
}

/// The sample dog as `sks dog`.
pub const DOG: Subject = Subject::new("dog", "sks");
/// The sample robot as `sks robot`.
pub const ROBOT: Subject = Subject::new("robot", "sks");

impl Subject {
    /// A subject of static/subjects.
    pub const fn new(folder: &'static str, token: &'static str) -> Self {
        Self { folder, token }
    }

    /// The value of `--subject`, such as `static/subjects/dog|sks|dog`.
    fn argument(self) -> String {
        let folder = self.folder;
        format!("static/subjects/{folder}|{}|{}", self.token, self.class())
    }

    /// The class word: the folder's name with spaces.
    fn class(self) -> String {
        self.folder.replace('_', " ")
    }

    /// Identifier and class word, such as "sks dog".
    pub fn name(self) -> String {
        format!("{} {}", self.token, self.class())
    }

    /// The first training pictures, sorted by file name.
    pub fn pictures(self) -> Result<Vec<RgbImage>, String> {
        let folder = Path::new("static/subjects").join(self.folder);
        let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .map_err(unreadable)?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|found| found == "png"))
            .collect();
        files.sort();
        files.truncate(SHOWN);
        files.iter().map(|path| open(path)).collect()
    }
}

impl Session {
    /// Empties the folder of deltas unless `keep` is set.
    pub fn new(booth: Option<String>, keep: bool) -> Result<Self, String> {
        let wrong = |error: std::io::Error| format!("{WORK}: {error}");
        if !keep && Path::new(WORK).exists() {
            fs::remove_dir_all(WORK).map_err(wrong)?;
        }
        fs::create_dir_all(WORK).map_err(wrong)?;
        Ok(Self { booth })
    }

    /// Runs `booth` with these arguments.
    pub fn booth(&self, args: &[&str]) -> Done {
        match &self.booth {
            Some(program) => shell::run(program, args),
            None => shell::cargo(&[&["run", "--quiet", "--bin", "booth", "--"], args].concat()),
        }
    }

    /// The path of an output file.
    pub fn file(&self, name: &str) -> String {
        format!("{WORK}/{name}")
    }

    /// Trains one delta on all `subjects` with the default settings and `options`; returns its
    /// path. An existing delta of this name is reused.
    pub fn train(
        &self,
        name: &str,
        subjects: &[Subject],
        options: &[&str],
    ) -> Result<String, String> {
        let out = self.file(&format!("{name}.safetensors"));
        if Path::new(&out).exists() {
            return Ok(out);
        }
        let subjects: Vec<String> = subjects.iter().map(|subject| subject.argument()).collect();
        let mut args = vec!["train", "--base", "static/base", "--out", &out];
        args.extend(subjects.iter().flat_map(|subject| ["--subject", subject]));
        args.extend(options);
        self.booth(&args)?;
        Ok(out)
    }

    /// Generates `count` pictures of a prompt with the seeds 0, 1, …. `deltas` holds `--delta` or
    /// `--lora` flags, each followed by its value.
    pub fn generate(
        &self,
        prompt: &str,
        deltas: &[&str],
        count: usize,
    ) -> Result<Vec<RgbImage>, String> {
        let (out, count_text) = (self.file("made.png"), count.to_string());
        let mut args = vec![
            "generate",
            "--base",
            "static/base",
            "--prompt",
            prompt,
            "--guidance-scale",
            GUIDANCE,
            "--seed",
            "0",
            "--num-images-per-prompt",
            &count_text,
            "--out",
            &out,
        ];
        args.extend(deltas);
        self.booth(&args)?;
        match count {
            1 => Ok(vec![open(Path::new(&out))?]),
            _ => (1..=count)
                .map(|number| open(Path::new(&self.file(&format!("made-{number}.png")))))
                .collect(),
        }
    }
}

/// Reads a picture and scales it to the base model's size.
pub fn open(path: &Path) -> Result<RgbImage, String> {
    let picture = image::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(imageops::resize(
        &picture.to_rgb8(),
        SIDE,
        SIDE,
        imageops::FilterType::Triangle,
    ))
}
