//! Where kept files lie: the browser's private file system, or a test's idea of it.

use std::collections::BTreeMap;
use std::future::Future;

use crate::error::Result;

/// A folder that all tabs of this site share.
pub trait Folder: 'static {
    /// A file that is open for writing; closed when dropped.
    type File: File;
    /// Bytes of a file that nobody writes any more.
    type Bytes: Bytes;
    /// A lock among tabs; given back when dropped.
    type Lock;

    /// A small file's bytes; `None` if there is none of that name.
    fn read(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>>>;
    /// Replaces a small file; a loss of power in between may leave anything in it.
    fn write(&self, name: &str, bytes: &[u8]) -> impl Future<Output = Result<()>>;
    /// Removes a file; nothing to remove is no error.
    fn remove(&self, name: &str) -> impl Future<Output = Result<()>>;
    /// Names and sizes.
    fn sizes(&self) -> impl Future<Output = Result<BTreeMap<String, u64>>>;
    /// Opens a file to write to it, a new one if there is none of that name.
    fn append(&self, name: &str) -> impl Future<Output = Result<Self::File>>;
    /// Opens a file to read it; `None` if there is none of that name.
    fn open(&self, name: &str) -> impl Future<Output = Result<Option<Self::Bytes>>>;
    /// Takes a lock; without `wait` `None` if another tab has it.
    fn lock(
        &self,
        name: &str,
        kind: LockKind,
        wait: bool,
    ) -> impl Future<Output = Result<Option<Self::Lock>>>;
    /// Bytes that this site has stored and may store, where the browser says so.
    fn room(&self) -> impl Future<Output = Option<(u64, u64)>>;
    /// Milliseconds since 1970.
    fn now(&self) -> f64;
}

/// How a lock is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// With nobody.
    Exclusive,
    /// With others that take it like this.
    Shared,
}

/// A file that is open for writing.
pub trait File {
    /// Bytes in it.
    ///
    /// # Errors
    /// `Io`.
    fn size(&self) -> Result<u64>;
    /// Bytes from `at` on, `count` of them or fewer at the end.
    ///
    /// # Errors
    /// `Io`.
    fn read(&self, at: u64, count: usize) -> Result<Vec<u8>>;
    /// Writes at the end.
    ///
    /// # Errors
    /// `Io`, when the quota is used up among others.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;
    /// Empties it.
    ///
    /// # Errors
    /// `Io`.
    fn clear(&mut self) -> Result<()>;
    /// When this returns, what was written is safe.
    ///
    /// # Errors
    /// `Io`.
    fn flush(&mut self) -> Result<()>;
}

/// Bytes of a file that nobody writes any more.
pub trait Bytes {
    /// How many.
    fn size(&self) -> u64;
    /// Bytes from `at` on, `count` of them or fewer at the end; begun at once.
    fn read(
        &self,
        at: u64,
        count: usize,
    ) -> impl Future<Output = Result<Vec<u8>>> + use<Self> + 'static;
}
