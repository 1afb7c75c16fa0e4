//! Which files of which base models are stored: a small JSON file with a checksum, validated like any
//! other input.

use serde::{Deserialize, Serialize};

use crate::sha256::{hex_digest, is_hex_digest};

// A larger index was not written by this program.
const MAX_BASES: usize = 1_000;
const MAX_FILES: usize = 100_000;
const MAX_TEXT: usize = 4_096;

/// Bytes of a piece; every piece of a file has a SHA-256 of its own.
pub(crate) const PIECE: u64 = 8 << 20;

/// All stored files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Incremented by every change; of two indexes the one with the larger number is valid.
    pub sequence: u64,
    /// Files of the storage.
    pub files: Vec<CachedFile>,
    /// Base models that they belong to.
    pub bases: Vec<CachedBase>,
}

/// A file, complete or partial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CachedFile {
    /// Its name in the storage.
    pub name: String,
    /// The address that it was downloaded from.
    pub url: String,
    /// Its `ETag` there.
    pub etag: Option<String>,
    /// Its size in bytes, if known.
    pub total: Option<u64>,
    /// SHA-256 of its bytes; `None` for a partial file.
    pub sha256: Option<String>,
    /// SHA-256 of every 8 MiB, the last piece being shorter, computed while `sha256` was verified.
    /// Empty if not computed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<String>,
}

/// A base model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CachedBase {
    /// Its source as one text, such as `catalogue ` and an id.
    pub key: String,
    /// Its name.
    pub title: String,
    /// When it was loaded last, in milliseconds since 1970-01-01 UTC.
    pub used: f64,
    /// Bytes of all its files, as far as known.
    pub bytes: u64,
    /// Whether it was loaded completely, so that it needs no network any more.
    pub whole: bool,
    /// Its files.
    pub parts: Vec<Part>,
    /// Paths that do not exist on its server.
    pub absent: Vec<String>,
}

/// A file of a base model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its path in the folder of the base model.
    pub path: String,
    /// Its name in the storage.
    pub file: String,
}

impl CachedFile {
    /// Hashes of no piece, or of all pieces of a complete file.
    fn has_all_pieces(&self) -> bool {
        let pieces = |total: u64| total.div_ceil(PIECE);
        let whole = self.total.filter(|_| self.sha256.is_some()).map(pieces);
        self.pieces.is_empty() || whole == Some(self.pieces.len() as u64)
    }
}

impl Index {
    /// Reads an index; `None` if it is damaged or another format.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (hash, json) = text.split_once('\n')?;
        if hash != hex_digest(json.as_bytes()) {
            return None;
        }
        let index: Self = serde_json::from_str(json).ok()?;
        index.is_valid().then_some(index)
    }

    /// The bytes of the index file: SHA-256 of the JSON, a line break, the JSON.
    ///
    /// # Errors
    /// If the JSON cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        Ok(format!("{}\n{json}", hex_digest(json.as_bytes())).into_bytes())
    }

    fn is_valid(&self) -> bool {
        let short = |text: &str| text.len() <= MAX_TEXT;
        let files = self.files.iter().all(|file| {
            is_file_name(&file.name)
                && short(&file.url)
                && file.etag.as_deref().is_none_or(short)
                && file.sha256.as_deref().is_none_or(is_hex_digest)
                && (file.sha256.is_none() || file.total.is_some())
                && file.pieces.iter().all(|piece| is_hex_digest(piece))
                && file.has_all_pieces()
        });
        let bases = self.bases.iter().all(|base| {
            let parts = base.parts.iter();
            short(&base.key)
                && short(&base.title)
                && base.used.is_finite()
                && parts.clone().all(|part| short(&part.path))
                && parts.clone().all(|part| self.file(&part.file).is_some())
                && base.absent.iter().all(|path| short(path))
        });
        self.bases.len() <= MAX_BASES && self.files.len() <= MAX_FILES && files && bases
    }

    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&CachedFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The base model of this key.
    pub fn base(&self, key: &str) -> Option<&CachedBase> {
        self.bases.iter().find(|base| base.key == key)
    }

    /// The base model of this key; added if there is none.
    pub fn base_mut(&mut self, key: &str, title: &str) -> &mut CachedBase {
        let at = match self.bases.iter().position(|base| base.key == key) {
            Some(at) => at,
            None => {
                self.bases.push(CachedBase {
                    key: key.to_owned(),
                    title: String::new(),
                    used: 0.0,
                    bytes: 0,
                    whole: false,
                    parts: Vec::new(),
                    absent: Vec::new(),
                });
                self.bases.len() - 1
            }
        };
        let base = &mut self.bases[at];
        title.clone_into(&mut base.title);
        base
    }

    /// A complete file with this content, or, without a hash, from this address.
    pub fn complete_file(&self, url: &str, sha256: Option<&str>) -> Option<&CachedFile> {
        self.files.iter().find(|file| match (sha256, &file.sha256) {
            (Some(wanted), Some(has)) => wanted == has,
            (None, Some(_)) => file.url == url,
            (_, None) => false,
        })
    }

    /// Adds a file, or replaces the one of the same name.
    pub fn insert(&mut self, file: CachedFile) {
        self.files.retain(|old| old.name != file.name);
        self.files.push(file);
    }

    /// Records which file has this path in a base model.
    pub fn link(&mut self, key: &str, title: &str, path: &str, name: &str) {
        let base = self.base_mut(key, title);
        base.parts.retain(|part| part.path != path);
        base.parts.push(Part {
            path: path.to_owned(),
            file: name.to_owned(),
        });
    }

    /// Removes a file, from all base models too.
    pub fn remove_file(&mut self, name: &str) {
        self.files.retain(|file| file.name != name);
        for base in &mut self.bases {
            let before = base.parts.len();
            base.parts.retain(|part| part.file != name);
            base.whole &= base.parts.len() == before;
        }
    }

    /// Removes a base model, and returns the names of files that no other one has.
    pub fn remove_base(&mut self, key: &str) -> Vec<String> {
        self.bases.retain(|base| base.key != key);
        let used = |name: &str| {
            let mut parts = self.bases.iter().flat_map(|base| &base.parts);
            parts.any(|part| part.file == name)
        };
        let unused: Vec<String> = self
            .files
            .iter()
            .map(|file| file.name.clone())
            .filter(|name| !used(name))
            .collect();
        self.files.retain(|file| !unused.contains(&file.name));
        unused
    }
}

/// The name in the storage of the file from this address.
pub fn file_name(url: &str) -> String {
    let mut name = hex_digest(url.as_bytes());
    name.truncate(32);
    name
}

/// Whether this is a name as [`file_name`] makes them.
pub fn is_file_name(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
