//! The bases to choose from: `catalogue.json` beside the app, written by whoever hosts it.
//!
//! `docs/bases.md` describes every field. The file is read strictly: a field that nobody knows, an
//! address that is neither https nor relative, or a size that cannot be is refused, and says where.

pub mod clip_tokenizer;

use std::collections::BTreeSet;

use serde::Deserialize;

use super::download::is_sha256;
use crate::error::{Error, Result};
use crate::weights::cache::ListedFile;

/// A longer catalogue is none.
const MAX_BYTES: usize = 1 << 20;
const MAX_BASES: usize = 256;
const MAX_FILES: usize = 256;
const MAX_TEXT: usize = 2_000;
/// No file of a base has a terabyte.
const MAX_FILE: u64 = 1 << 40;
/// A LoRA that is added more than that often makes no pictures.
const MAX_STRENGTH: f32 = 2.0;

/// The bases to choose from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Version of this format: 1.
    pub version: u32,
    /// The bases, in the order in which they are shown.
    pub bases: Vec<Entry>,
}

/// A base.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is loaded by: lower-case letters, digits, `-` and `.`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// Where its authors speak of it.
    #[serde(default)]
    pub page: Option<String>,
    /// On what terms.
    pub licence: Licence,
    /// Why it cannot be loaded, for the person: it is listed for those who look for it.
    #[serde(default)]
    pub unavailable: Option<String>,
    /// It comes with the app, so it is read like the app's own files and not kept besides.
    #[serde(default)]
    pub embedded: bool,
    /// The folder's address, with a trailing slash: https, or relative to the app.
    pub root: String,
    /// Its files; none for a base that comes with the app or is not available.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// Bytes of all files, rounded, where those of some are not known.
    #[serde(default)]
    pub about_bytes: Option<u64>,
    /// What suits it.
    pub defaults: Defaults,
    /// A LoRA that is added to the base for pictures, never for training.
    #[serde(default)]
    pub lora: Option<LoraEntry>,
    /// Bytes of memory that it takes, as computed by the plan or measured.
    #[serde(default)]
    pub memory: Memory,
}

/// A LoRA of a base: one of its files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraEntry {
    /// Its path among the base's files.
    pub path: String,
    /// How much of it is added; 1 is all.
    pub strength: f32,
}

/// A base's terms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub url: String,
    /// A person must agree to it before the base is fetched.
    pub consent: bool,
}

/// A file of a base.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its path in the base's folder.
    pub path: String,
    /// Its address, if it is not `root` and `path`.
    #[serde(default)]
    pub url: Option<String>,
    /// Its bytes; null where nobody has published them.
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes; null where nobody has published it.
    pub sha256: Option<String>,
}

/// What suits a base.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// The sampling method, as requests call it.
    pub sampler: String,
    /// Sampling steps.
    pub steps: usize,
    /// Classifier-free guidance; 1 is none.
    pub guidance_scale: f64,
    /// Pixels a side.
    pub resolution: usize,
    /// What the UNet predicts, as `scheduler_config.json` calls it.
    pub prediction: String,
}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// To make one picture.
    #[serde(default)]
    pub generate: Option<u64>,
    /// To train.
    #[serde(default)]
    pub train: Option<u64>,
}

impl Catalogue {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// `Config`; the message names the entry.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let refused = |why: String| {
            Error::Config(format!(
                "catalogue.json cannot be used: {why}. Whoever hosts this page has to correct it; docs/bases.md describes it."
            ))
        };
        if bytes.len() > MAX_BYTES {
            return Err(refused(format!("it has {} bytes", bytes.len())));
        }
        let catalogue: Self =
            serde_json::from_slice(bytes).map_err(|why| refused(why.to_string()))?;
        if catalogue.version != 1 {
            let version = catalogue.version;
            return Err(refused(format!(
                "its version is {version}, this page knows 1"
            )));
        }
        if catalogue.bases.len() > MAX_BASES {
            return Err(refused(format!("it has more than {MAX_BASES} bases")));
        }
        let mut ids = BTreeSet::new();
        for entry in &catalogue.bases {
            let fault = entry.fault();
            let fault = fault.or_else(|| {
                let new = ids.insert(&entry.id);
                (!new).then(|| "its id stands twice".to_owned())
            });
            if let Some(fault) = fault {
                let id: String = entry.id.chars().take(60).collect();
                return Err(refused(format!("in the base '{id}' {fault}")));
            }
        }
        Ok(catalogue)
    }

    /// The base of this id.
    ///
    /// # Errors
    /// `Settings` if there is none.
    pub fn entry(&self, id: &str) -> Result<&Entry> {
        self.bases
            .iter()
            .find(|entry| entry.id == id)
            .ok_or_else(|| {
                Error::Settings(format!(
                    "The catalogue has no base '{id}'. Choose another one, or reload the page."
                ))
            })
    }
}

impl Entry {
    /// Bytes of all files: counted where all are known, otherwise about.
    pub fn bytes(&self) -> u64 {
        let known: Option<u64> = self.files.iter().map(|file| file.bytes).sum();
        known.unwrap_or(0).max(self.about_bytes.unwrap_or(0))
    }

    /// The files and their addresses; `resolve` makes a relative address a whole one.
    pub fn listed(&self, resolve: impl Fn(&str) -> String) -> Vec<ListedFile> {
        let file = |file: &FileEntry| ListedFile {
            path: file.path.clone(),
            url: match &file.url {
                Some(url) => resolve(url),
                None => resolve(&format!("{}{}", self.root, file.path)),
            },
            bytes: file.bytes,
            sha256: file.sha256.clone(),
        };
        self.files.iter().map(file).collect()
    }

    /// What is wrong with it, as part of a sentence.
    fn fault(&self) -> Option<String> {
        let id =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if self.id.is_empty() || self.id.len() > 60 || !self.id.bytes().all(id) {
            return Some("the id is not of lower-case letters, digits, '-' and '.'".into());
        }
        let texts = [&self.title, &self.description, &self.licence.name];
        if texts
            .into_iter()
            .chain(&self.unavailable)
            .any(|text| text.is_empty() || text.len() > MAX_TEXT)
        {
            return Some("a text is empty or too long".into());
        }
        let links = self.page.iter().chain([&self.licence.url]);
        if let Some(link) = links.into_iter().find(|link| !is_address(link)) {
            return Some(format!("the link '{link}' is neither https nor relative"));
        }
        if !is_address(&self.root) || !self.root.ends_with('/') {
            return Some(
                "the root is neither https nor relative, or has no slash at its end".into(),
            );
        }
        if self.embedded && (self.root.contains(':') || !self.files.is_empty()) {
            return Some("what comes with the app has a relative root and lists no files".into());
        }
        let listed = !self.embedded && self.unavailable.is_none();
        if listed == self.files.is_empty() || self.files.len() > MAX_FILES {
            return Some("there are no files, or too many".into());
        }
        let mut paths = BTreeSet::new();
        for file in &self.files {
            if let Some(what) = file.fault() {
                return Some(format!("the file '{}' {what}", file.path));
            }
            if !paths.insert(&file.path) {
                return Some(format!("the file '{}' stands twice", file.path));
            }
        }
        if let Some(lora) = &self.lora {
            if !paths.contains(&lora.path) {
                return Some(format!("the LoRA '{}' is none of its files", lora.path));
            }
            if !(lora.strength > 0.0 && lora.strength <= MAX_STRENGTH) {
                return Some("the LoRA's strength cannot be".into());
            }
        }
        if self.about_bytes.is_some_and(|bytes| bytes > MAX_FILE) {
            return Some("the size cannot be".into());
        }
        self.defaults.fault().map(str::to_owned)
    }
}

impl FileEntry {
    fn fault(&self) -> Option<&'static str> {
        if !is_path(&self.path) {
            return Some("has a path that leads elsewhere");
        }
        if self.url.as_deref().is_some_and(|url| !is_address(url)) {
            return Some("has an address that is neither https nor relative");
        }
        if self
            .bytes
            .is_some_and(|bytes| bytes == 0 || bytes > MAX_FILE)
        {
            return Some("has a size that cannot be");
        }
        if self.sha256.as_deref().is_some_and(|hash| !is_sha256(hash)) {
            return Some("has a hash that is not 64 hexadecimal digits in lower case");
        }
        None
    }
}

impl Defaults {
    fn fault(&self) -> Option<&'static str> {
        if !(1..=1_000).contains(&self.steps) {
            return Some("the steps are not from 1 to 1000");
        }
        if !(0.0..=100.0).contains(&self.guidance_scale) {
            return Some("the guidance scale is not from 0 to 100");
        }
        if !(8..=4_096).contains(&self.resolution) {
            return Some("the resolution is not from 8 to 4096");
        }
        None
    }
}

/// https, or a path that stays beside the app.
fn is_address(text: &str) -> bool {
    if text.len() > MAX_TEXT || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    match text.strip_prefix("https://") {
        Some(rest) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            !host.is_empty() && !host.contains('@') && !text.contains('\\')
        }
        None => is_path(text.trim_end_matches('/')),
    }
}

/// A relative path without a way up or out.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_TEXT
        && !text.contains([':', '\\', '?', '#', '%'])
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests;
