//! Reads of any length from chunks of any length.

use crate::error::{Error, Result};

/// The most memory that is reserved before any byte has come: a count may come from a file that is
/// damaged.
const FIRST_CAPACITY: usize = 16 << 20;

/// Bytes that come in chunks.
pub(crate) trait ChunkSource {
    /// The next chunk; empty at the end.
    ///
    /// # Errors
    /// `Io` if it cannot be read, `Cancelled`.
    fn next_chunk(&mut self) -> impl Future<Output = Result<Vec<u8>>>;

    /// Path or address, for messages.
    fn name(&self) -> &str;
}

/// A chunk source with a position inside its last chunk.
#[derive(Debug)]
pub(crate) struct Buffered<S> {
    source: S,
    chunk: Vec<u8>,
    /// Bytes of the chunk that were handed out.
    position: usize,
    at_end: bool,
}

impl<S: ChunkSource> Buffered<S> {
    /// From the first chunk on.
    pub(crate) fn new(source: S) -> Self {
        Self {
            source,
            chunk: Vec::new(),
            position: 0,
            at_end: false,
        }
    }

    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    pub(crate) fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// The next `count` bytes, fewer at the end of the file.
    ///
    /// # Errors
    /// Those of the source; `Io` for a count beyond the address space.
    pub(crate) async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        let count = usize::try_from(count).map_err(|_| {
            Error::Io(format!(
                "{} has a tensor of {count} bytes, more than a browser tab can hold.",
                self.source.name()
            ))
        })?;
        let mut bytes = Vec::with_capacity(count.min(FIRST_CAPACITY));
        while bytes.len() < count {
            if self.position == self.chunk.len() && !self.advance().await? {
                break;
            }
            let end = self.chunk.len().min(self.position + count - bytes.len());
            bytes.extend(&self.chunk[self.position..end]);
            self.position = end;
        }
        Ok(bytes)
    }

    /// Passes over up to `count` bytes of the last chunk, and returns how many they were.
    pub(crate) fn skip_buffered(&mut self, count: u64) -> u64 {
        let left = self.chunk.len() - self.position;
        let skipped = usize::try_from(count).map_or(left, |count| count.min(left));
        self.position += skipped;
        skipped as u64
    }

    /// Gets the next chunk; false at the end.
    async fn advance(&mut self) -> Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        self.position = 0;
        self.chunk.clear();
        self.chunk = self.source.next_chunk().await?;
        self.at_end = self.chunk.is_empty();
        Ok(!self.at_end)
    }
}
