//! The metadata of a delta file. Everything read from a file is validated.
//!
//! | fields | keys in the file |
//! |---|---|
//! | base id, base SHA-256, precision | `deltabooth.base_id`, `deltabooth.base_sha256`, `deltabooth.precision` |
//! | subjects, prompts | `deltabooth.subjects`, `deltabooth.prompts` (JSON) |
//! | parents with their strengths, how they were combined | `deltabooth.parents`, `deltabooth.combination` (JSON) |
//! | training settings, steps | `deltabooth.training` (JSON), `deltabooth.steps` |
//! | trigger phrase, title, author, licence, description, date, thumbnail | `modelspec.trigger_phrase`, `.title`, `.author`, `.license`, `.description`, `.date`, `.thumbnail` |
//!
//! `modelspec.*` follows <https://github.com/Stability-AI/ModelSpec> 1.0.1.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sha256::is_hex_digest;

/// Maximum length of a one-line text, in bytes.
pub const MAX_LINE: usize = 1_000;
/// Maximum length of the description, in bytes.
pub const MAX_DESCRIPTION: usize = 10_000;
/// Maximum length of the training settings as JSON, in bytes.
pub const MAX_TRAINING: usize = 65_536;
/// Maximum length of the thumbnail's data URI, in bytes.
pub const MAX_THUMBNAIL: usize = 1 << 20;
/// Maximum number of subjects, and of parents.
pub const MAX_SUBJECTS: usize = 64;
/// Maximum number of prompts.
pub const MAX_PROMPTS: usize = 1_000;

const THUMBNAILS: [&str; 3] = [
    "data:image/png;base64,",
    "data:image/jpeg;base64,",
    "data:image/webp;base64,",
];

/// A subject that a delta was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The identifier token, for example `sks`.
    pub token: String,
    /// The class word, for example `robot`.
    pub class_word: String,
}

/// A delta that a combined delta was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its title.
    pub title: String,
    /// Its [content hash](crate::spectral::delta::Delta::content_sha256).
    pub content_sha256: String,
    /// Its strength in the combination.
    pub strength: f32,
}

/// How a delta was combined from its parents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// The operation; the strengths are stored with the parents.
    pub kind: CombinationKind,
    /// The rank limit, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
}

/// The kind of a [`Combination`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CombinationKind {
    /// Σ strength·δ; also a single parent with a rank limit.
    Sum,
    /// α·δ₁ + (1 − α)·δ₂.
    Interpolate,
    /// Geometry of the first parent, appearance of the second.
    StyleMix,
}

/// The metadata of a delta. Empty texts are not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeltaMetadata {
    /// Name of the base model.
    pub base_id: String,
    /// Hash of the base model's weights, 64 lower-case hexadecimal digits.
    pub base_sha256: String,
    /// Precision of the decomposition, `f32`.
    pub precision: String,
    /// The subjects.
    pub subjects: Vec<Subject>,
    /// The captions of the training pictures.
    pub prompts: Vec<String>,
    /// The words that select the subject in a prompt, for example `a photo of sks robot`.
    pub trigger_phrase: String,
    /// Training settings as JSON.
    pub training: String,
    /// Number of training steps.
    pub steps: u64,
    /// Date of the training, ISO 8601.
    pub date: String,
    /// Title.
    pub title: String,
    /// Author.
    pub author: String,
    /// Licence.
    pub licence: String,
    /// Description.
    pub description: String,
    /// A small picture: PNG, JPEG or WebP as a base64 data URI.
    pub thumbnail: String,
    /// The deltas that it was combined from.
    pub parents: Vec<Parent>,
    /// The combination, for a combined delta.
    pub combination: Option<Combination>,
}

impl DeltaMetadata {
    /// The entries of the file, without format, version and hash.
    pub(crate) fn to_entries(&self) -> Result<BTreeMap<String, String>> {
        self.check()?;
        let mut entries = BTreeMap::from([
            ("modelspec.sai_model_spec".to_owned(), "1.0.1".to_owned()),
            (
                "modelspec.architecture".to_owned(),
                "stable-diffusion/spectral-shifts".to_owned(),
            ),
            (
                "modelspec.implementation".to_owned(),
                "deltabooth".to_owned(),
            ),
            ("deltabooth.steps".to_owned(), self.steps.to_string()),
        ]);
        for (key, text) in self
            .lines()
            .into_iter()
            .chain(self.texts().map(|(key, text, _)| (key, text)))
        {
            if !text.is_empty() {
                entries.insert(key.to_owned(), text.clone());
            }
        }
        insert_list(&mut entries, "deltabooth.subjects", &self.subjects)?;
        insert_list(&mut entries, "deltabooth.prompts", &self.prompts)?;
        insert_list(&mut entries, "deltabooth.parents", &self.parents)?;
        if let Some(combination) = &self.combination {
            insert_json(&mut entries, "deltabooth.combination", combination)?;
        }
        Ok(entries)
    }

    /// Reads what [`DeltaMetadata::to_entries`] wrote; unknown keys are ignored.
    pub(crate) fn from_entries(entries: &BTreeMap<String, String>) -> Result<Self> {
        let text = |key: &str| entries.get(key).cloned().unwrap_or_default();
        let steps = text("deltabooth.steps");
        let metadata = Self {
            base_id: text("deltabooth.base_id"),
            base_sha256: text("deltabooth.base_sha256"),
            precision: text("deltabooth.precision"),
            subjects: list(entries, "deltabooth.subjects")?,
            prompts: list(entries, "deltabooth.prompts")?,
            trigger_phrase: text("modelspec.trigger_phrase"),
            training: text("deltabooth.training"),
            steps: steps
                .parse()
                .map_err(|_| wrong("deltabooth.steps", "is not a number"))?,
            date: text("modelspec.date"),
            title: text("modelspec.title"),
            author: text("modelspec.author"),
            licence: text("modelspec.license"),
            description: text("modelspec.description"),
            thumbnail: text("modelspec.thumbnail"),
            parents: list(entries, "deltabooth.parents")?,
            combination: json(entries, "deltabooth.combination")?,
        };
        metadata.check()?;
        Ok(metadata)
    }

    fn lines(&self) -> [(&'static str, &String); 8] {
        [
            ("deltabooth.base_id", &self.base_id),
            ("deltabooth.base_sha256", &self.base_sha256),
            ("deltabooth.precision", &self.precision),
            ("modelspec.trigger_phrase", &self.trigger_phrase),
            ("modelspec.date", &self.date),
            ("modelspec.title", &self.title),
            ("modelspec.author", &self.author),
            ("modelspec.license", &self.licence),
        ]
    }

    fn texts(&self) -> impl Iterator<Item = (&'static str, &String, usize)> {
        [
            ("modelspec.description", &self.description, MAX_DESCRIPTION),
            ("deltabooth.training", &self.training, MAX_TRAINING),
            ("modelspec.thumbnail", &self.thumbnail, MAX_THUMBNAIL),
        ]
        .into_iter()
    }

    /// Checks the rules of the format, before writing and after reading.
    fn check(&self) -> Result<()> {
        self.check_lengths()?;
        self.check_counts()?;
        if !is_hex_digest(&self.base_sha256) {
            return Err(wrong(
                "deltabooth.base_sha256",
                "is not a SHA-256 in 64 hexadecimal digits",
            ));
        }
        if !self.training.is_empty()
            && serde_json::from_str::<serde::de::IgnoredAny>(&self.training).is_err()
        {
            return Err(wrong("deltabooth.training", "is not JSON"));
        }
        if !self.thumbnail.is_empty() && !is_thumbnail(&self.thumbnail) {
            return Err(wrong(
                "modelspec.thumbnail",
                "is not a PNG, JPEG or WebP picture as a data URI",
            ));
        }
        if self
            .parents
            .iter()
            .any(|parent| !parent.strength.is_finite())
        {
            return Err(wrong(
                "deltabooth.parents",
                "has a strength that is not a number",
            ));
        }
        Ok(())
    }

    /// Checks the length of every text, in bytes.
    fn check_lengths(&self) -> Result<()> {
        let lines = self
            .lines()
            .into_iter()
            .map(|(key, text)| (key, text, MAX_LINE));
        let subjects = self.subjects.iter().flat_map(|s| [&s.token, &s.class_word]);
        let parents = self
            .parents
            .iter()
            .flat_map(|p| [&p.title, &p.content_sha256]);
        let items = (subjects.map(|text| ("deltabooth.subjects", text, MAX_LINE)))
            .chain(
                self.prompts
                    .iter()
                    .map(|text| ("deltabooth.prompts", text, MAX_LINE)),
            )
            .chain(parents.map(|text| ("deltabooth.parents", text, MAX_LINE)));
        for (key, text, limit) in lines.chain(self.texts()).chain(items) {
            if text.len() > limit {
                return Err(wrong(
                    key,
                    &format!("has {} bytes, at most {limit} are possible", text.len()),
                ));
            }
        }
        Ok(())
    }

    /// Checks the number of items of every list.
    fn check_counts(&self) -> Result<()> {
        for (key, count, limit) in [
            ("deltabooth.subjects", self.subjects.len(), MAX_SUBJECTS),
            ("deltabooth.prompts", self.prompts.len(), MAX_PROMPTS),
            ("deltabooth.parents", self.parents.len(), MAX_SUBJECTS),
        ] {
            if count > limit {
                return Err(wrong(
                    key,
                    &format!("has {count} items, at most {limit} are possible"),
                ));
            }
        }
        Ok(())
    }
}

/// Only a data URI is allowed: with a URL, the page would contact a server of the author's choice.
fn is_thumbnail(text: &str) -> bool {
    THUMBNAILS
        .iter()
        .filter_map(|start| text.strip_prefix(start))
        .any(|data| {
            data.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        })
}

fn wrong(key: &str, what: &str) -> Error {
    Error::Delta(format!(
        "The delta's metadata entry '{key}' {what}. The file was not made by this program, or is damaged; ask its author for another."
    ))
}

fn insert_list<T: Serialize>(
    entries: &mut BTreeMap<String, String>,
    key: &str,
    list: &[T],
) -> Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    insert_json(entries, key, list)
}

fn insert_json<T: Serialize + ?Sized>(
    entries: &mut BTreeMap<String, String>,
    key: &str,
    value: &T,
) -> Result<()> {
    let json = serde_json::to_string(value)
        .map_err(|error| wrong(key, &format!("cannot be written ({error})")))?;
    entries.insert(key.to_owned(), json);
    Ok(())
}

fn list<T: DeserializeOwned>(entries: &BTreeMap<String, String>, key: &str) -> Result<Vec<T>> {
    Ok(json(entries, key)?.unwrap_or_default())
}

fn json<T: DeserializeOwned>(entries: &BTreeMap<String, String>, key: &str) -> Result<Option<T>> {
    entries
        .get(key)
        .map(|json| {
            serde_json::from_str(json)
                .map_err(|error| wrong(key, &format!("cannot be read ({error})")))
        })
        .transpose()
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
