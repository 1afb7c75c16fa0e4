//! One file's bytes, in their order, from a disk or over HTTP.

#[cfg(not(target_family = "wasm"))]
use std::{fs::File, io::BufReader, io::ErrorKind, io::Read, path::Path, path::PathBuf};

#[cfg(feature = "web")]
use super::download::Browser;
#[cfg(feature = "web")]
use super::http::Body;
#[cfg(feature = "web")]
use super::kept::{Opfs, Reader};
#[cfg(not(target_family = "wasm"))]
use crate::error::Error;
use crate::error::Result;

/// Bytes that come one after the other.
pub(super) enum Source {
    #[cfg(not(target_family = "wasm"))]
    File {
        path: PathBuf,
        file: BufReader<File>,
        length: u64,
    },
    #[cfg(feature = "web")]
    Http(Body),
    #[cfg(feature = "web")]
    Kept(Box<Reader<Browser, Opfs>>),
}

impl Source {
    /// A file on disk, from its beginning.
    ///
    /// # Errors
    /// `Io` if it is not there or cannot be opened.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Io(format!(
                "{} is not there. The base must be a folder in diffusers' layout; check its place.",
                path.display()
            )),
            _ => Error::Io(format!("{} cannot be opened: {error}.", path.display())),
        })?;
        let length = file
            .metadata()
            .map_err(|error| Error::Io(format!("{} cannot be read: {error}.", path.display())))?
            .len();
        Ok(Self::File {
            path: path.to_owned(),
            file: BufReader::new(file),
            length,
        })
    }

    /// Bytes in all, where that is known: a compressed answer over HTTP does not tell.
    pub(super) fn len(&self) -> Option<u64> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::File { length, .. } => Some(*length),
            #[cfg(feature = "web")]
            Self::Http(_) => None,
            #[cfg(feature = "web")]
            Self::Kept(reader) => reader.size(),
        }
    }

    /// The next `count` bytes, or fewer if the file ends before.
    ///
    /// # Errors
    /// `Io` if reading fails.
    pub(super) async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::File { path, file, length } => {
                // The count comes from the file's header, so it is not a reason to ask for memory.
                let mut bytes =
                    Vec::with_capacity(usize::try_from(count.min(*length)).unwrap_or(0));
                file.by_ref()
                    .take(count)
                    .read_to_end(&mut bytes)
                    .map_err(|error| {
                        Error::Io(format!("{} cannot be read: {error}.", path.display()))
                    })?;
                Ok(bytes)
            }
            #[cfg(feature = "web")]
            Self::Http(body) => body.read(count).await,
            #[cfg(feature = "web")]
            Self::Kept(reader) => reader.read(count).await,
        }
    }
}
