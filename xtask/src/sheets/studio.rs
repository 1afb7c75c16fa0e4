//! Calls to booth: trainings, whose deltas are kept while it runs, and pictures.

use std::fs;
use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};

use super::paper::SIDE;
use crate::shell::{self, Done};

/// Deltas and single pictures.
const WORK: &str = "target/sheets";
/// What the page starts with.
const GUIDANCE: &str = "4";
/// Pictures of a subject that a sheet shows.
const SHOWN: usize = 4;

/// Where sheets come from.
pub struct Studio {
    /// A booth that is built; otherwise what cargo builds.
    booth: Option<String>,
}

/// A sample subject and what it is called.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Its folder in static/subjects.
    pub folder: &'static str,
    /// Identifier.
    pub token: &'static str,
}

impl Subject {
    /// 'static/subjects/dog|sks|dog'.
    fn argument(self) -> String {
        let folder = self.folder;
        format!("static/subjects/{folder}|{}|{}", self.token, self.class())
    }

    /// Class word.
    fn class(self) -> String {
        self.folder.replace('_', " ")
    }

    /// "sks dog".
    pub fn name(self) -> String {
        format!("{} {}", self.token, self.class())
    }

    /// The pictures to learn from, in the order of their names.
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

impl Studio {
    /// Begins with an empty folder, so that every delta is of this call, unless it is to be kept.
    pub fn new(booth: Option<String>, keep: bool) -> Result<Self, String> {
        let wrong = |error: std::io::Error| format!("{WORK}: {error}");
        if !keep && Path::new(WORK).exists() {
            fs::remove_dir_all(WORK).map_err(wrong)?;
        }
        fs::create_dir_all(WORK).map_err(wrong)?;
        Ok(Self { booth })
    }

    /// Runs booth.
    pub fn call(&self, args: &[&str]) -> Done {
        match &self.booth {
            Some(program) => shell::run(program, args),
            None => shell::cargo(&[&["run", "--quiet", "--bin", "booth", "--"], args].concat()),
        }
    }

    /// A file of this call.
    pub fn file(&self, name: &str) -> String {
        format!("{WORK}/{name}")
    }

    /// Trains on subjects together, with the default recipe and `options`; the delta's file. What
    /// was trained already under this name is taken as it is.
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
        self.call(&args)?;
        Ok(out)
    }

    /// Pictures of a prompt with the seeds 0, 1, …; `deltas` is booth's --delta or --lora and its
    /// value, one after the other.
    pub fn make(
        &self,
        prompt: &str,
        deltas: &[&str],
        count: usize,
    ) -> Result<Vec<RgbImage>, String> {
        let (out, of_them) = (self.file("made.png"), count.to_string());
        let mut args = vec![
            "generate",
            "--base",
            "static/base",
            "--prompt",
            prompt,
            "--guidance",
            GUIDANCE,
            "--seed",
            "0",
            "--count",
            &of_them,
            "--out",
            &out,
        ];
        args.extend(deltas);
        self.call(&args)?;
        match count {
            1 => Ok(vec![open(Path::new(&out))?]),
            _ => (1..=count)
                .map(|number| open(Path::new(&self.file(&format!("made-{number}.png")))))
                .collect(),
        }
    }
}

/// A picture in the base's size.
pub fn open(path: &Path) -> Result<RgbImage, String> {
    let picture = image::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(imageops::resize(
        &picture.to_rgb8(),
        SIDE,
        SIDE,
        imageops::FilterType::Triangle,
    ))
}
