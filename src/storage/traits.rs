//! What a storage can do.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};

/// Named files in one flat folder, shared by all tabs (or processes) that open it.
///
/// Every method fails with `Io` if the storage refuses, for example because the disk is full.
pub trait Storage {
    /// Opens a complete file for reading; `None` if there is none of this name.
    fn open<'a>(&'a self, name: &'a str)
    -> LocalBoxFuture<'a, Result<Option<Box<dyn FileReader>>>>;

    /// Opens a file for reading and writing, and creates it if needed. Nobody else can open it for
    /// writing until the writer is dropped.
    fn create<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn FileWriter>>>;

    /// Replaces a file. When this returns, the bytes are on the medium. If power is lost before,
    /// the file may hold any mixture of old and new bytes, except on a [`DiskStorage`], where it is
    /// the old or the new one.
    ///
    /// [`DiskStorage`]: crate::storage::disk::DiskStorage
    fn write<'a>(&'a self, name: &'a str, bytes: &'a [u8]) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut file = self.create(name).await?;
            file.truncate(0)?;
            file.write_at(0, bytes)?;
            file.flush()
        })
    }

    /// Removes a file; a missing file is not an error.
    fn remove<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<()>>;

    /// Names and sizes in bytes of all files.
    fn list(&self) -> LocalBoxFuture<'_, Result<BTreeMap<String, u64>>>;

    /// Takes a lock. If another tab or process holds it, waits for it or, without `wait`, returns
    /// `None`. Locks have names of their own, apart from those of the files.
    fn lock<'a>(
        &'a self,
        name: &'a str,
        kind: LockKind,
        wait: bool,
    ) -> LocalBoxFuture<'a, Result<Option<Lock>>>;

    /// Bytes used and available (`StorageManager.estimate()`); `None` if unknown.
    fn estimate(&self) -> LocalBoxFuture<'_, Option<Estimate>>;

    /// Whether files outlive the process or tab.
    fn is_persistent(&self) -> bool;
}

/// A file that nobody writes to any more.
pub trait FileReader {
    /// Size in bytes.
    fn len(&self) -> u64;

    /// Whether the file has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Up to `count` bytes from `offset` on, fewer at the end of the file. The read starts at once
    /// and does not need the reader afterwards, so that one can be under way in the background.
    fn read_at(&self, offset: u64, count: usize) -> LocalBoxFuture<'static, Result<Vec<u8>>>;
}

/// A file that is open for writing; closed when dropped.
#[expect(
    clippy::len_without_is_empty,
    reason = "the size of an open file can fail"
)]
pub trait FileWriter {
    /// Size in bytes.
    ///
    /// # Errors
    /// `Io`.
    fn len(&self) -> Result<u64>;

    /// Up to `count` bytes from `offset` on, fewer at the end of the file.
    ///
    /// # Errors
    /// `Io`.
    fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>>;

    /// Writes all bytes at `offset`, which is at most the size of the file.
    ///
    /// # Errors
    /// `Io`, for example when the quota is exceeded; a part may have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Cuts the file to `size` bytes, at most its size.
    ///
    /// # Errors
    /// `Io`.
    fn truncate(&mut self, size: u64) -> Result<()>;

    /// Puts all written bytes onto the medium.
    ///
    /// # Errors
    /// `Io`.
    fn flush(&mut self) -> Result<()>;
}

/// How a lock is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// One holder.
    Exclusive,
    /// Any number of holders, all of them shared.
    Shared,
}

/// A lock that is held until this is dropped.
pub struct Lock(Option<Box<dyn FnOnce()>>);

impl Lock {
    /// `release` is called once, on drop.
    pub(crate) fn new(release: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(release)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

/// Bytes of a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes in use by this site.
    pub usage: u64,
    /// Bytes that this site may use.
    pub quota: u64,
}

impl Estimate {
    /// Whether `bytes` more fit.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.usage.saturating_add(bytes) <= self.quota
    }
}

/// A whole file of at most `limit` bytes; `None` if there is none of this name.
///
/// # Errors
/// `Io` if it is larger or cannot be read.
pub async fn read(storage: &dyn Storage, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
    let Some(file) = storage.open(name).await? else {
        return Ok(None);
    };
    let size = usize::try_from(file.len())
        .ok()
        .filter(|_| file.len() <= limit)
        .ok_or_else(|| {
            Error::Io(format!(
                "'{name}' has {} bytes, more than the {limit} that it may have.",
                file.len()
            ))
        })?;
    let bytes = file.read_at(0, size).await?;
    if bytes.len() != size {
        return Err(Error::Io(format!(
            "'{name}' became shorter while it was read. Try again."
        )));
    }
    Ok(Some(bytes))
}
