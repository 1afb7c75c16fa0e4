//! Files that a person chose from their disk: read where they lie, in slices, never whole.
//!
//! Nothing of them is kept anywhere else. A file of more than 4 GiB is as good as any: places are
//! 64-bit numbers, and what is passed over is not read at all.

#[cfg(feature = "web")]
mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::weights::download::{From, News, Overseer};

#[cfg(feature = "web")]
pub use crate::weights::local::file::DiskFile;

/// Bytes read at a time.
const PIECE: u64 = 4 << 20;
/// The most memory asked for before any byte has come.
const FIRST_CAPACITY: usize = 16 << 20;

/// A file that can be read at any place.
pub trait Slices {
    /// Bytes in it when it was chosen.
    fn size(&self) -> u64;
    /// Bytes from `at` on, `count` of them, or fewer if the file has become shorter.
    ///
    /// # Errors
    /// Why they cannot be read, in words without full stop.
    fn slice(&self, at: u64, count: u64) -> Slice<'_>;
}

/// What [`Slices::slice`] promises.
pub type Slice<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + 'a>>;

/// Files that were chosen together.
pub struct Given {
    title: String,
    files: BTreeMap<String, Rc<dyn Slices>>,
    overseer: Rc<dyn Overseer>,
}

/// Two are the same only if they are one: what a person chose cannot be compared.
impl PartialEq for Given {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Given {}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("title", &self.title)
            .field("files", &self.files.keys())
            .finish_non_exhaustive()
    }
}

impl Given {
    /// Files by their paths in the base's folder; `title` is what a person calls them.
    pub fn new(
        title: String,
        files: BTreeMap<String, Rc<dyn Slices>>,
        overseer: Rc<dyn Overseer>,
    ) -> Self {
        Self {
            title,
            files,
            overseer,
        }
    }

    /// What a person calls them.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether there is such a file.
    pub fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Opens a file, from its beginning.
    ///
    /// # Errors
    /// `Io` if it is not among them.
    pub(crate) fn open(&self, path: &str) -> Result<Sliced> {
        let file = self.files.get(path).ok_or_else(|| {
            Error::Io(format!(
                "'{}' has no {path} among the files that were chosen. Choose the whole folder, the one that holds model_index.json.",
                self.title
            ))
        })?;
        Ok(Sliced {
            path: path.to_owned(),
            file: file.clone(),
            overseer: self.overseer.clone(),
            piece: Vec::new(),
            at: 0,
            done: 0,
        })
    }
}

/// One file's bytes, in their order.
pub(crate) struct Sliced {
    path: String,
    file: Rc<dyn Slices>,
    overseer: Rc<dyn Overseer>,
    /// Bytes that were read and not asked for yet, from `at` on.
    piece: Vec<u8>,
    at: usize,
    /// Where the piece ends in the file.
    done: u64,
}

impl Sliced {
    /// Bytes in all.
    pub(crate) fn size(&self) -> u64 {
        self.file.size()
    }

    /// The next `count` bytes, or fewer if the file ends before.
    ///
    /// # Errors
    /// `Io` if the file cannot be read or has become shorter, `Cancelled`.
    pub(crate) async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        let count = usize::try_from(count).map_err(|_| {
            Error::Io(format!(
                "{} has a tensor of {count} bytes, more than a browser tab can hold.",
                self.path
            ))
        })?;
        // The count comes from the file's header: memory is asked for as the bytes come.
        let mut bytes = Vec::with_capacity(count.min(FIRST_CAPACITY));
        while bytes.len() < count {
            if self.at == self.piece.len() && !self.next().await? {
                break;
            }
            let end = self.piece.len().min(self.at + count - bytes.len());
            bytes.extend(&self.piece[self.at..end]);
            self.at = end;
        }
        Ok(bytes)
    }

    /// Passes over the next `count` bytes without reading them, or over fewer if the file ends
    /// before; gives their number.
    pub(crate) fn skip(&mut self, count: u64) -> u64 {
        let held = (self.piece.len() - self.at) as u64;
        if count <= held {
            self.at += count as usize;
            return count;
        }
        let over = (count - held).min(self.size().saturating_sub(self.done));
        self.piece.clear();
        self.at = 0;
        self.done += over;
        held + over
    }

    /// Reads the next piece; false at the end.
    async fn next(&mut self) -> Result<bool> {
        let expected = self.size().saturating_sub(self.done).min(PIECE);
        if expected == 0 {
            return Ok(false);
        }
        self.overseer.between().await?;
        let piece = self.file.slice(self.done, expected).await;
        let piece = piece.map_err(|why| {
            Error::Io(format!(
                "{} cannot be read ({why}). It was moved, changed or removed after it was chosen, or its disk is gone: choose it again.",
                self.path
            ))
        })?;
        if piece.len() as u64 != expected {
            return Err(Error::Io(format!(
                "{} had {} bytes when it was chosen, and has become shorter. If it is still being copied or downloaded, wait until that is done; then choose it again.",
                self.path,
                self.size()
            )));
        }
        self.piece = piece;
        self.at = 0;
        self.done += expected;
        self.overseer.tell(News::Bytes {
            path: &self.path,
            from: From::Disk,
            done: self.done,
            total: Some(self.size()),
        });
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
