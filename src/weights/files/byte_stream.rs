//! One file's bytes, in order.

#[cfg(not(target_family = "wasm"))]
use std::{fs::File, io::BufReader, io::ErrorKind, io::Read, io::Seek, path::Path, path::PathBuf};

#[cfg(not(target_family = "wasm"))]
use crate::error::Error;
use crate::error::Result;
#[cfg(feature = "web")]
use crate::weights::cache::CacheReader;
#[cfg(feature = "web")]
use crate::weights::download::{Fetch, http_file::HttpFile};
use crate::weights::local::LocalReader;

/// Bytes read at a time from a stream that cannot seek.
#[cfg(feature = "web")]
const SKIP_CHUNK: u64 = 4 << 20;

/// The bytes of one file, in order.
pub(super) enum ByteStream {
    #[cfg(not(target_family = "wasm"))]
    File {
        path: PathBuf,
        file: BufReader<File>,
        length: u64,
    },
    Local(LocalReader),
    #[cfg(feature = "web")]
    Http(HttpFile),
    #[cfg(feature = "web")]
    Cached(Box<CacheReader<Fetch>>),
}

impl ByteStream {
    /// Opens a file on disk.
    ///
    /// # Errors
    /// `Io` if it does not exist or cannot be opened.
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

    /// Size of the file in bytes, if known. Over HTTP it is not: `Content-Length` may count compressed
    /// bytes.
    pub(super) fn len(&self) -> Option<u64> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::File { length, .. } => Some(*length),
            Self::Local(file) => Some(file.size()),
            #[cfg(feature = "web")]
            Self::Http(_) => None,
            #[cfg(feature = "web")]
            Self::Cached(reader) => reader.size(),
        }
    }

    /// The next `count` bytes, fewer at the end of the file.
    ///
    /// # Errors
    /// `Io` if the file cannot be read, `Cancelled`.
    pub(super) async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::File { path, file, length } => {
                // The count comes from the header of the file, which may be damaged.
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
            Self::Local(file) => file.read(count).await,
            #[cfg(feature = "web")]
            Self::Http(file) => file.read(count).await,
            #[cfg(feature = "web")]
            Self::Cached(reader) => reader.read(count).await,
        }
    }

    /// Skips the next `count` bytes, fewer at the end of the file, and returns how many. Local files
    /// are not read for this.
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
            Self::Local(file) => Ok(file.skip(count)),
            #[cfg(feature = "web")]
            Self::Http(_) | Self::Cached(_) => {
                let mut left = count;
                while left > 0 {
                    let read = self.read(left.min(SKIP_CHUNK)).await?.len() as u64;
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
