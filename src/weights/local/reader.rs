//! One local file's bytes, in order.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::weights::download::buffered::{Buffered, ChunkSource};
use crate::weights::download::{ByteSource, Progress, ProgressSink};
use crate::weights::local::source::LocalFile;

/// Bytes read at a time.
pub(super) const CHUNK: u64 = 4 << 20;

/// One file's bytes, in order.
pub(crate) struct LocalReader(Buffered<LocalChunks>);

impl LocalReader {
    pub(super) fn new(path: &str, file: Rc<dyn LocalFile>, progress: Rc<dyn ProgressSink>) -> Self {
        Self(Buffered::new(LocalChunks {
            path: path.to_owned(),
            file,
            progress,
            position: 0,
        }))
    }

    /// Size of the file in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.0.source().file.size()
    }

    /// The next `count` bytes, fewer at the end of the file.
    ///
    /// # Errors
    /// `Io` if the file cannot be read or has become shorter, `Cancelled`.
    pub(crate) async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        self.0.read(count).await
    }

    /// Skips the next `count` bytes without reading them, fewer at the end of the file, and returns
    /// how many.
    pub(crate) fn skip(&mut self, count: u64) -> u64 {
        let buffered = self.0.skip_buffered(count);
        let size = self.size();
        let chunks = self.0.source_mut();
        let skipped = (count - buffered).min(size.saturating_sub(chunks.position));
        chunks.position += skipped;
        buffered + skipped
    }
}

struct LocalChunks {
    path: String,
    file: Rc<dyn LocalFile>,
    progress: Rc<dyn ProgressSink>,
    /// Where the next chunk begins.
    position: u64,
}

impl ChunkSource for LocalChunks {
    async fn next_chunk(&mut self) -> Result<Vec<u8>> {
        let size = self.file.size();
        let count = size.saturating_sub(self.position).min(CHUNK);
        if count == 0 {
            return Ok(Vec::new());
        }
        self.progress.wait_while_paused().await?;
        let chunk = self.file.read_at(self.position, count).await;
        let chunk = chunk.map_err(|why| {
            Error::Io(format!(
                "{} cannot be read ({why}). It was moved, changed or removed after it was chosen, or its disk is gone: choose it again.",
                self.path
            ))
        })?;
        if chunk.len() as u64 != count {
            return Err(Error::Io(format!(
                "{} had {size} bytes when it was chosen, and has become shorter. If it is still being copied or downloaded, wait until that is done; then choose it again.",
                self.path
            )));
        }
        self.position += count;
        self.progress.report(Progress::Bytes {
            path: &self.path,
            source: ByteSource::Disk,
            done: self.position,
            total: Some(size),
        });
        Ok(chunk)
    }

    fn name(&self) -> &str {
        &self.path
    }
}
