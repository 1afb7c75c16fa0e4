//! Where the files of a base model are on the web.

/// The files of a base model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteFiles {
    /// All files in the folder at this address, which ends with a slash. Which ones there are shows
    /// when they are requested.
    Folder(String),
    /// These files and no others.
    Listed(Vec<ListedFile>),
}

impl RemoteFiles {
    /// Bytes of all files, as far as they are known before the download.
    pub fn known_bytes(&self) -> u64 {
        match self {
            Self::Folder(_) => 0,
            Self::Listed(files) => files.iter().filter_map(|file| file.bytes).sum(),
        }
    }

    /// Whether this file is listed by name.
    pub(super) fn lists(&self, path: &str) -> bool {
        matches!(self, Self::Listed(files) if files.iter().any(|file| file.path == path))
    }
}

/// A file whose properties are known before the download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path in the folder of the base model.
    pub path: String,
    /// Its address.
    pub url: String,
    /// Its size in bytes.
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes.
    pub sha256: Option<String>,
}
