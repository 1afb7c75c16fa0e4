//! Base models: where they come from, what the catalogue says of them, what this browser stores.

use serde::{Deserialize, Serialize};

use crate::worker::protocol::kinds::SamplerKind;

/// Where a base model comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum BaseSource {
    /// The address of a diffusers folder, with a trailing slash. A folder of another site is stored in
    /// this browser.
    Folder { url: String },
    /// A model of the catalogue, by its id.
    Catalogue { id: String },
    /// The address of a checkpoint of one file in the original layout. A file of another site is stored
    /// in this browser.
    Checkpoint {
        url: String,
        tokenizer: TokenizerFrom,
        #[serde(default)]
        prediction: Option<Prediction>,
    },
    /// A diffusers folder on the person's disk, by its name. Its files are beside the request; they
    /// are read in place and not stored.
    DiskFolder { title: String },
    /// A checkpoint of one file on the person's disk, at this path among the files beside the request.
    DiskCheckpoint {
        path: String,
        tokenizer: TokenizerFrom,
        #[serde(default)]
        prediction: Option<Prediction>,
    },
}

/// Where the tokenizer of a checkpoint of one file comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenizerFrom {
    /// `vocab.json` and `merges.txt` beside the request.
    #[default]
    Beside,
    /// The catalogue's ([`TokenizerOffer`]), which is fetched once and stored.
    Catalogue,
}

/// CLIP's tokenizer from a model of the catalogue; it is the same for all Stable Diffusion models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerOffer {
    /// The model that it is part of.
    pub title: String,
    /// The host of its address.
    pub host: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A model of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogueBase {
    /// Its name in [`BaseSource::Catalogue`].
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// The address of its authors' page; may be empty.
    pub page: String,
    /// Its licence.
    pub licence: Licence,
    /// It comes with the page.
    pub embedded: bool,
    /// Why it cannot be loaded, if it cannot.
    pub unavailable: Option<String>,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Bytes that this browser has stored, those of an interrupted download included.
    pub stored: u64,
    /// Settings that suit it.
    pub defaults: BaseDefaults,
    /// Bytes of memory needed to generate one picture, if known.
    pub memory_to_generate: Option<u64>,
    /// Bytes of memory needed to train, if known.
    pub memory_to_train: Option<u64>,
}

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Its name.
    pub name: String,
    /// The address of its text.
    pub url: String,
    /// A person must agree to it before the model is fetched.
    pub consent: bool,
}

/// Settings that suit a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseDefaults {
    /// The sampling method.
    pub sampler: SamplerKind,
    /// Sampling steps.
    pub steps: usize,
    /// Classifier-free guidance; 1 is none.
    pub guidance_scale: f64,
    /// Pixels a side.
    pub resolution: usize,
    /// What the UNet predicts.
    pub prediction: Prediction,
}

/// What a UNet predicts, as `scheduler_config.json` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// The noise ε.
    Epsilon,
    /// v = √ᾱ ε − √(1−ᾱ) x₀.
    VPrediction,
    /// x₀ itself.
    Sample,
}

/// Where the bytes of a file come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesFrom {
    /// This browser's storage.
    Cache,
    /// The network.
    Network,
    /// Nowhere yet: another tab downloads the model, and this one waits.
    OtherTab,
    /// A file on the person's disk.
    Disk,
}

/// A model that this browser stores, completely or in part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredBase {
    /// Names it in [`Request::RemoveStored`](super::Request::RemoveStored).
    pub key: String,
    /// Loads it; `None` for a tokenizer.
    #[serde(default)]
    pub source: Option<BaseSource>,
    /// Its name.
    pub title: String,
    /// Bytes stored. A file that several models share counts in each.
    pub stored: u64,
    /// Bytes of all its files, as far as known.
    pub bytes: u64,
    /// Its download was interrupted; loading it resumes the download.
    pub interrupted: bool,
    /// It is loaded, so it cannot be removed.
    pub in_use: bool,
    /// When it was loaded last, in milliseconds since 1970-01-01.
    pub used: f64,
    /// Its files.
    pub files: Vec<StoredFile>,
}

/// A file that this browser stores, completely or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its path in the model's folder.
    pub path: String,
    /// Bytes stored.
    pub stored: u64,
    /// Total bytes; 0 if unknown.
    pub bytes: u64,
}
