//! A file that can be read at any offset.

use futures_util::future::LocalBoxFuture;

/// A file that a person chose.
pub trait LocalFile {
    /// Size in bytes at the time when it was chosen.
    fn size(&self) -> u64;

    /// `count` bytes from `offset` on, fewer if the file has become shorter.
    ///
    /// # Errors
    /// Why it cannot be read, without full stop.
    fn read_at(&self, offset: u64, count: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, String>>;
}
