//! One file's bytes, in their order, from a disk, from a person's hand or over HTTP.

#[cfg(not(target_family = "wasm"))]
use std::{fs::File, io::BufReader, io::ErrorKind, io::Read, io::Seek, path::Path, path::PathBuf};

#[cfg(feature = "web")]
use super::download::Browser;
#[cfg(not(target_family = "wasm"))]
use crate::error::Error;
use crate::error::Result;
#[cfg(feature = "web")]
use crate::weights::cache::{Opfs, Reader};
#[cfg(feature = "web")]
use crate::weights::download::http::Body;
use crate::weights::local::Sliced;

/// Bytes held at a time of what is not wanted but has to come.
#[cfg(feature = "web")]
const SKIPPED_AT_ONCE: u64 = 4 << 20;

/// Bytes that come one after the other.
pub(super) enum Source {
    #[cfg(not(target_family = "wasm"))]
    File {
        path: PathBuf,
        file: BufReader<File>,
        length: u64,
    },
    Given(Sliced),
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
            Self::Given(file) => Some(file.size()),
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
            Self::Given(file) => file.read(count).await,
            #[cfg(feature = "web")]
            Self::Http(body) => body.read(count).await,
            #[cfg(feature = "web")]
            Self::Kept(reader) => reader.read(count).await,
        }
    }

    /// Passes over the next `count` bytes, or over fewer if the file ends before; gives their
    /// number. Where the file lies at hand they are not read.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) async fn skip(&mut self, count: u64) -> Result<u64> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::File { path, file, length } => {
                let failed =
                    |error| Error::Io(format!("{} cannot be read: {error}.", path.display()));
                let at = file.stream_position().map_err(failed)?;
                let over = count.min(length.saturating_sub(at));
                file.seek_relative(over.cast_signed()).map_err(failed)?;
                Ok(over)
            }
            Self::Given(file) => Ok(file.skip(count)),
            #[cfg(feature = "web")]
            Self::Http(_) | Self::Kept(_) => {
                let mut left = count;
                while left > 0 {
                    let read = self.read(left.min(SKIPPED_AT_ONCE)).await?.len() as u64;
                    if read == 0 {
                        break;
                    }
                    left -= read;
                }
                Ok(count - left)
            }
        }
    }
}
