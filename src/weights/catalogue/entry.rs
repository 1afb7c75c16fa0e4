//! The fields of `catalogue.json`.

use serde::Deserialize;

use crate::weights::cache::ListedFile;

/// The base models that the app offers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Version of this format: 1.
    pub version: u32,
    /// The base models, in the order in which they are shown.
    pub bases: Vec<Entry>,
}

/// A base model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id: lower-case letters, digits, `-` and `.`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// Address of its model card.
    #[serde(default)]
    pub page: Option<String>,
    /// Its licence.
    pub licence: Licence,
    /// Why it cannot be loaded; it is listed for those who look for it.
    #[serde(default)]
    pub unavailable: Option<String>,
    /// Whether it is hosted beside the app: then it is not stored in the cache.
    #[serde(default)]
    pub embedded: bool,
    /// Address of the folder, with a trailing slash: https, or relative to the app.
    pub root: String,
    /// Its files; empty if it is embedded or unavailable.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// Approximate bytes of all files, if some sizes are unknown.
    #[serde(default)]
    pub about_bytes: Option<u64>,
    /// Recommended settings.
    pub defaults: Defaults,
    /// A LoRA that is added for generation, not for training.
    #[serde(default)]
    pub lora: Option<LoraEntry>,
    /// Memory that it needs, planned or measured.
    #[serde(default)]
    pub memory: Memory,
}

/// A LoRA of a base model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraEntry {
    /// Path of one of the files of the base model.
    pub path: String,
    /// Its weight, more than 0 and at most 2; 1 is full strength.
    pub strength: f32,
}

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Its name.
    pub name: String,
    /// Address of its text.
    pub url: String,
    /// Whether a person must agree to it before the download.
    pub consent: bool,
}

/// A file of a base model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its path in the folder of the base model.
    pub path: String,
    /// Its address, if it is not `root` followed by `path`.
    #[serde(default)]
    pub url: Option<String>,
    /// Its size in bytes; null if not published.
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes; null if not published.
    pub sha256: Option<String>,
}

/// Recommended settings of a base model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// Sampler, by its name in requests.
    pub sampler: String,
    /// Sampling steps, 1 to 1000.
    pub steps: usize,
    /// Classifier-free guidance, 0 to 100; 1 is none.
    pub guidance_scale: f64,
    /// Pixels per side, 8 to 4096.
    pub resolution: usize,
    /// `prediction_type` of `scheduler_config.json`.
    pub prediction: String,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// To generate one picture.
    #[serde(default)]
    pub generate: Option<u64>,
    /// To train.
    #[serde(default)]
    pub train: Option<u64>,
}

impl Entry {
    /// Bytes of all files, approximate if some sizes are unknown.
    pub fn bytes(&self) -> u64 {
        let known: Option<u64> = self.files.iter().map(|file| file.bytes).sum();
        known.unwrap_or(0).max(self.about_bytes.unwrap_or(0))
    }

    /// The files with absolute addresses; `resolve` makes relative ones absolute.
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
}
