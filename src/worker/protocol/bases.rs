//! What requests and events say of bases: where they come from, what is known of them, what this
//! browser keeps of them.

use serde::{Deserialize, Serialize};

use super::SamplerKind;

/// Where a base comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum BaseSource {
    /// A diffusers folder: its address, with a trailing slash. On the page's own site it is read as
    /// the page itself is; on another one it is kept in this browser, as the catalogue's are.
    Folder { url: String },
    /// A base of the catalogue, by its id.
    Catalogue { id: String },
    /// A checkpoint of one file in the original layout, by its address: on another site than the
    /// page's it is kept in this browser, as a folder is.
    Checkpoint {
        url: String,
        tokenizer: TokenizerFrom,
        #[serde(default)]
        prediction: Option<Prediction>,
    },
    /// A diffusers folder on the person's disk, by its name. Its files travel beside the request;
    /// they are read where they lie and not kept.
    DiskFolder { title: String },
    /// A checkpoint of one file on the person's disk; it travels beside the request, by this path.
    DiskCheckpoint {
        path: String,
        tokenizer: TokenizerFrom,
        #[serde(default)]
        prediction: Option<Prediction>,
    },
}

/// Where the tokenizer of a checkpoint comes from, which has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenizerFrom {
    /// `vocab.json` and `merges.txt` travel beside the request.
    #[default]
    Beside,
    /// The catalogue's ([`TokenizerOffer`]), which is fetched once and kept.
    Catalogue,
}

/// CLIP's tokenizer, as a base of the catalogue has it: it is the same for all of Stable Diffusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerOffer {
    /// The base that it is part of.
    pub title: String,
    /// The site that it comes from.
    pub host: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A base of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogueBase {
    /// What it is loaded by.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// Where its authors speak of it; may be empty.
    pub page: String,
    /// On what terms.
    pub licence: Licence,
    /// It comes with the page.
    pub embedded: bool,
    /// Why it cannot be loaded; it is listed for those who look for it.
    pub unavailable: Option<String>,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Bytes of it that this browser keeps already, those of an interrupted download among them.
    pub stored: u64,
    /// What suits it.
    pub defaults: BaseDefaults,
    /// Bytes of memory that making one picture takes, where that is known.
    pub memory_to_generate: Option<u64>,
    /// Bytes of memory that training takes, where that is known.
    pub memory_to_train: Option<u64>,
}

/// A base's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub url: String,
    /// A person must agree to it before the base is fetched.
    pub consent: bool,
}

/// What suits a base.
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

/// Where the bytes of a file come from just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesFrom {
    /// What this browser keeps.
    Cache,
    /// The network.
    Network,
    /// Nowhere yet: another tab fetches this base, and this one waits until it has.
    OtherTab,
    /// A file that the person chose from their disk.
    Disk,
}

/// A base that this browser keeps, whole or in part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredBase {
    /// What it is removed by.
    pub key: String,
    /// What it is loaded by; `None` for a tokenizer, which is no base by itself.
    #[serde(default)]
    pub source: Option<BaseSource>,
    /// Its name.
    pub title: String,
    /// Bytes kept of it. Bases may share files: those count in each.
    pub stored: u64,
    /// Bytes of all its files, as far as that is known.
    pub bytes: u64,
    /// Its download was interrupted; loading it goes on from what is kept.
    pub interrupted: bool,
    /// It is the one that is loaded, so it cannot be removed.
    pub in_use: bool,
    /// When it was loaded last, in milliseconds since 1970.
    pub used: f64,
    /// Its files.
    pub files: Vec<StoredFile>,
}

/// A file that this browser keeps, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its path in the base's folder.
    pub path: String,
    /// Bytes kept.
    pub stored: u64,
    /// Bytes in all; 0 if that is not known.
    pub bytes: u64,
}
