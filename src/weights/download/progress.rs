//! What is reported while files are read.

use futures_util::future::LocalBoxFuture;

use crate::error::Result;

/// Gets reports on files that are read, and may pause or cancel the work.
pub trait ProgressSink {
    /// Called between two chunks: returns at once, or when the work is resumed.
    ///
    /// # Errors
    /// `Cancelled` if the work is to end.
    fn wait_while_paused(&self) -> LocalBoxFuture<'_, Result<()>>;

    /// Returns when the work is cancelled, and never otherwise.
    fn cancelled(&self) -> LocalBoxFuture<'_, ()>;

    /// Takes a report.
    fn report(&self, progress: Progress<'_>);
}

/// A report.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant's doc names its fields")]
pub enum Progress<'a> {
    /// `done` bytes of the file at `path` were read, of `total` if that is known.
    Bytes {
        path: &'a str,
        source: ByteSource,
        done: u64,
        total: Option<u64>,
    },
    /// A request failed for this `reason` and is repeated after `after_ms` milliseconds.
    Retry {
        path: &'a str,
        reason: String,
        after_ms: u32,
    },
    /// A message for the person; the work goes on.
    Warning(String),
}

/// Where bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteSource {
    /// The cache of this browser.
    Cache,
    /// A server.
    Network,
    /// None yet: another tab downloads the file, and this one waits for it.
    OtherTab,
    /// A file that the person chose from their disk.
    Disk,
}
