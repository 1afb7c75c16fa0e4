//! What is kept of which base: a small file, checked like any other that comes from outside.

use serde::{Deserialize, Serialize};

use crate::weights::download::is_sha256;
use crate::weights::hash::sha256_hex;

/// More is no index of ours.
const MAX_BASES: usize = 1_000;
const MAX_FILES: usize = 100_000;
const MAX_TEXT: usize = 4_096;

/// Bytes of a piece of a file, each of which has a SHA-256 of its own.
pub(crate) const PIECE: u64 = 8 << 20;

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Grows with every change; the newer of two is right.
    pub sequence: u64,
    /// The files, by their names in the folder.
    pub files: Vec<KeptFile>,
    /// The bases that they belong to.
    pub bases: Vec<KeptBase>,
}

/// A file, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// Its name in the folder.
    pub name: String,
    /// Where it came from.
    pub url: String,
    /// Its tag there.
    pub etag: Option<String>,
    /// Its bytes, if that is known.
    pub total: Option<u64>,
    /// SHA-256 of its bytes; only a whole file has one.
    pub sha256: Option<String>,
    /// SHA-256 of every 8 MiB of them, the last piece being shorter; computed while the whole was
    /// found right. Empty where that has not been done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<String>,
}

/// A base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptBase {
    /// What it is loaded by, as one text.
    pub key: String,
    /// Its name.
    pub title: String,
    /// When it was loaded last, in milliseconds since 1970.
    pub used: f64,
    /// Bytes of all its files as far as that is known.
    pub bytes: u64,
    /// It was loaded to its end, so nothing more is needed of the network.
    pub whole: bool,
    /// Paths in the base's folder and names in ours.
    pub parts: Vec<Part>,
    /// Paths that were looked for and are not there.
    pub absent: Vec<String>,
}

/// A base's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its path in the base's folder.
    pub path: String,
    /// Its name in ours.
    pub file: String,
}

impl KeptFile {
    /// None, or as many as a whole file has.
    fn has_all_pieces(&self) -> bool {
        let pieces = |total: u64| total.div_ceil(PIECE);
        let whole = self.total.filter(|_| self.sha256.is_some()).map(pieces);
        self.pieces.is_empty() || whole == Some(self.pieces.len() as u64)
    }
}

impl Index {
    /// Reads an index; `None` for one that is damaged or not ours.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (hash, json) = text.split_once('\n')?;
        if hash != sha256_hex(json.as_bytes()) {
            return None;
        }
        let index: Self = serde_json::from_str(json).ok()?;
        index.holds().then_some(index)
    }

    /// The file's bytes: a hash of what follows, the JSON.
    ///
    /// # Errors
    /// What serde says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        Ok(format!("{}\n{json}", sha256_hex(json.as_bytes())).into_bytes())
    }

    fn holds(&self) -> bool {
        let short = |text: &str| text.len() <= MAX_TEXT;
        let files = self.files.iter().all(|file| {
            is_name(&file.name)
                && short(&file.url)
                && file.etag.as_deref().is_none_or(short)
                && file.sha256.as_deref().is_none_or(is_sha256)
                && (file.sha256.is_none() || file.total.is_some())
                && file.pieces.iter().all(|piece| is_sha256(piece))
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
    pub fn file(&self, name: &str) -> Option<&KeptFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The base of this key.
    pub fn base(&self, key: &str) -> Option<&KeptBase> {
        self.bases.iter().find(|base| base.key == key)
    }

    /// The base of this key, a new one if there is none.
    pub fn base_mut(&mut self, key: &str, title: &str) -> &mut KeptBase {
        let at = match self.bases.iter().position(|base| base.key == key) {
            Some(at) => at,
            None => {
                self.bases.push(KeptBase {
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

    /// A whole file: by its content's hash if that is known, otherwise by where it came from.
    pub fn whole(&self, url: &str, sha256: Option<&str>) -> Option<&KeptFile> {
        self.files.iter().find(|file| match (sha256, &file.sha256) {
            (Some(wanted), Some(has)) => wanted == has,
            (None, Some(_)) => file.url == url,
            (_, None) => false,
        })
    }

    /// Puts a file in, in the place of one of the same name.
    pub fn put(&mut self, file: KeptFile) {
        self.files.retain(|old| old.name != file.name);
        self.files.push(file);
    }

    /// Notes which file a path of a base is.
    pub fn link(&mut self, key: &str, title: &str, path: &str, name: &str) {
        let base = self.base_mut(key, title);
        base.parts.retain(|part| part.path != path);
        base.parts.push(Part {
            path: path.to_owned(),
            file: name.to_owned(),
        });
    }

    /// Takes a file out, of every base too.
    pub fn forget(&mut self, name: &str) {
        self.files.retain(|file| file.name != name);
        for base in &mut self.bases {
            let before = base.parts.len();
            base.parts.retain(|part| part.file != name);
            base.whole &= base.parts.len() == before;
        }
    }

    /// Takes a base out, and gives the names of files that no other base has.
    pub fn drop_base(&mut self, key: &str) -> Vec<String> {
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

/// The name in our folder of what comes from this address.
pub fn name_of(url: &str) -> String {
    let mut name = sha256_hex(url.as_bytes());
    name.truncate(32);
    name
}

/// Whether this is a name as [`name_of`] makes them.
pub fn is_name(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
