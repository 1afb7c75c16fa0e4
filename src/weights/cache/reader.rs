//! One file's bytes, from the storage or from its server.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::storage::FileReader;
use crate::weights::cache::context::Context;
use crate::weights::cache::index::{CachedFile, PIECE};
use crate::weights::cache::lfs;
use crate::weights::cache::model_cache::ModelCache;
use crate::weights::cache::partial::{Connected, FileRequest, PartialFile, connect, discard};
use crate::weights::cache::verifier::{FileHashes, Verifier};
use crate::weights::download::buffered::{Buffered, ChunkSource};
use crate::weights::download::{ByteSource, Download, DownloadError, Progress, Transport};

/// One file's bytes, in order.
pub struct CacheReader<T: Transport>(Buffered<CacheChunks<T>>);

impl<T: Transport> CacheReader<T> {
    /// # Errors
    /// `Io` if the file is neither in the storage nor on its server, `Cancelled`.
    pub(super) async fn open(context: Rc<Context<T>>, mut request: FileRequest) -> Result<Self> {
        let mut partial = None;
        if let Some(cache) = context.cache().cloned() {
            if let Some(file) = StoredFile::find(&context, &cache, &request).await? {
                return Ok(Self::new(context, request, Origin::Stored(file)));
            }
            let lock = PartialFile::lock(&context, &cache, &request).await?;
            // Another tab may have completed it in the meantime.
            if let Some(file) = StoredFile::find(&context, &cache, &request).await? {
                return Ok(Self::new(context, request, Origin::Stored(file)));
            }
            match PartialFile::open(&cache, &request.url, lock).await {
                Ok(file) => partial = Some(file),
                Err(why) => {
                    context.recover_write(0, &why).await;
                }
            }
        }
        if request.sha256.is_none() {
            request.sha256 = lfs::sha256(&context, &request).await?;
        }
        let connected = connect(&context, &request, partial.as_mut()).await?;
        let file = RemoteFile::new(&context, &request, connected, partial).await;
        Ok(Self::new(context, request, Origin::Remote(file)))
    }

    fn new(context: Rc<Context<T>>, request: FileRequest, origin: Origin<T>) -> Self {
        let pieces = match &origin {
            Origin::Stored(stored) => stored.file.pieces.clone(),
            Origin::Remote(_) => Vec::new(),
        };
        Self(Buffered::new(CacheChunks {
            context,
            request,
            origin,
            verifier: Verifier::new(pieces),
            done: 0,
        }))
    }

    /// Size of the file, if it is known for sure.
    pub fn size(&self) -> Option<u64> {
        self.0.source().size()
    }

    /// The next `count` bytes, fewer at the end of the file. Hashes are verified piece by piece, or
    /// at the end of the file if those of its pieces are unknown.
    ///
    /// # Errors
    /// `Io` if the connection is lost for good or a hash is wrong, `Cancelled`.
    pub async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        self.0.read(count).await
    }
}

/// One file's chunks.
struct CacheChunks<T: Transport> {
    context: Rc<Context<T>>,
    request: FileRequest,
    origin: Origin<T>,
    verifier: Verifier,
    /// Bytes of all chunks so far.
    done: u64,
}

enum Origin<T: Transport> {
    Stored(StoredFile),
    Remote(RemoteFile<T>),
}

impl<T: Transport> CacheChunks<T> {
    fn size(&self) -> Option<u64> {
        match &self.origin {
            Origin::Stored(stored) => Some(stored.reader.len()),
            Origin::Remote(remote) => remote.download.total(),
        }
    }

    /// The error for a stored file that changed; `CachedFiles::remove_damaged` removes it.
    fn damaged(&self) -> Error {
        let name = match &self.origin {
            Origin::Stored(stored) => &stored.file.name,
            Origin::Remote(_) => &self.request.path,
        };
        Error::Io(format!(
            "What this browser keeps of {} is damaged ({name}). Load the base again: it is fetched anew.",
            self.request.url
        ))
    }

    /// All bytes have come: verifies the hash of the whole, and stores it.
    async fn finish(&mut self) -> Result<()> {
        let hashes = self.verifier.finish().await?;
        let cache = self.context.cache().cloned();
        match &mut self.origin {
            Origin::Stored(stored) => {
                let known = stored.file.sha256.as_ref();
                let wrong = hashes
                    .as_ref()
                    .is_some_and(|hashes| Some(&hashes.sha256) != known);
                if Some(self.done) != stored.file.total || wrong {
                    return Err(self.damaged());
                }
                if let (Some(cache), Some(hashes)) = (cache, hashes) {
                    let file = CachedFile {
                        pieces: hashes.pieces,
                        ..stored.file.clone()
                    };
                    // If this fails, the next read hashes the whole file again.
                    let _ = cache.insert_file(file).await;
                }
                Ok(())
            }
            Origin::Remote(remote) => match hashes {
                Some(hashes) => {
                    let cache = cache.as_deref();
                    remote
                        .finish(&self.context, cache, &self.request, self.done, hashes)
                        .await
                }
                None => Ok(()),
            },
        }
    }
}

impl<T: Transport> ChunkSource for CacheChunks<T> {
    async fn next_chunk(&mut self) -> Result<Vec<u8>> {
        self.context.progress.wait_while_paused().await?;
        let (chunk, source) = match &mut self.origin {
            Origin::Stored(stored) => (stored.chunk(self.done).await?, ByteSource::Cache),
            Origin::Remote(remote) => {
                remote
                    .chunk(&self.context, &self.request, self.done)
                    .await?
            }
        };
        if chunk.is_empty() {
            self.finish().await?;
            return Ok(chunk);
        }
        if !self.verifier.update(&chunk).await? {
            return Err(self.damaged());
        }
        self.done += chunk.len() as u64;
        self.context.progress.report(Progress::Bytes {
            path: &self.request.path,
            source,
            done: self.done,
            total: self.size().or(self.request.bytes),
        });
        Ok(chunk)
    }

    fn name(&self) -> &str {
        &self.request.url
    }
}

/// A complete file of the storage.
struct StoredFile {
    file: CachedFile,
    reader: Box<dyn FileReader>,
    /// The next piece, read while the last one is in use.
    ahead: Option<LocalBoxFuture<'static, Result<Vec<u8>>>>,
}

impl StoredFile {
    /// The requested file, recorded as one of this base model.
    async fn find<T: Transport>(
        context: &Context<T>,
        cache: &ModelCache,
        request: &FileRequest,
    ) -> Result<Option<Self>> {
        let index = cache.index().await?;
        let found = index.complete_file(&request.url, request.sha256.as_deref());
        let Some(file) = found.cloned() else {
            return Ok(None);
        };
        let reader = cache.storage().open(&file.name).await?;
        let Some(reader) = reader.filter(|reader| Some(reader.len()) == file.total) else {
            // The browser or the person removed it or a part of it.
            cache.remove_file(&file.name).await?;
            return Ok(None);
        };
        if !context.is_linked(&index, &request.path, &file.name) {
            context.link(cache, &request.path, file.clone()).await?;
        }
        context.note_read(&file.name);
        Ok(Some(Self {
            file,
            reader,
            ahead: None,
        }))
    }

    /// The piece at `offset`.
    async fn chunk(&mut self, offset: u64) -> Result<Vec<u8>> {
        let read = |offset| self.reader.read_at(offset, PIECE as usize);
        let chunk = self.ahead.take().unwrap_or_else(|| read(offset)).await?;
        self.ahead = (!chunk.is_empty()).then(|| read(offset + chunk.len() as u64));
        Ok(chunk)
    }
}

/// A file that is downloaded, and stored if there is room.
struct RemoteFile<T: Transport> {
    download: Download<T>,
    partial: Option<PartialFile>,
    /// Bytes that were stored before.
    stored: u64,
}

impl<T: Transport> RemoteFile<T> {
    /// Records the partial file in the index.
    async fn new(
        context: &Context<T>,
        request: &FileRequest,
        Connected { download, stored }: Connected<T>,
        partial: Option<PartialFile>,
    ) -> Self {
        let remote = Self {
            download,
            partial,
            stored,
        };
        if let (Some(cache), Some(partial)) = (context.cache(), &remote.partial) {
            let total = remote.download.total();
            let file = remote.cached_file(partial, request, total);
            if let Err(why) = context.link(cache, &request.path, file).await {
                context.recover_write(0, &why).await;
            }
        }
        // All bytes are stored, but never were verified: if loading fails, they may be damaged.
        if let Some(partial) = &remote.partial
            && remote.download.total() == Some(stored)
        {
            context.note_read(&partial.name);
        }
        remote
    }

    /// The entry of the index for a file without hashes.
    fn cached_file(
        &self,
        partial: &PartialFile,
        request: &FileRequest,
        total: Option<u64>,
    ) -> CachedFile {
        CachedFile {
            name: partial.name.clone(),
            url: request.url.clone(),
            etag: self.download.etag().map(str::to_owned),
            total,
            sha256: None,
            pieces: Vec::new(),
        }
    }

    /// The next bytes from `offset` on, from the stored part or the server.
    async fn chunk(
        &mut self,
        context: &Context<T>,
        request: &FileRequest,
        offset: u64,
    ) -> Result<(Vec<u8>, ByteSource)> {
        if let Some(partial) = self.partial.as_ref().filter(|_| offset < self.stored) {
            let count = (self.stored - offset).min(PIECE);
            let chunk = partial.read_at(offset, count as usize)?;
            if chunk.len() as u64 != count {
                return Err(Error::Io(format!(
                    "What is kept of {} cannot be read to its end. Load the base again.",
                    request.url
                )));
            }
            return Ok((chunk, ByteSource::Cache));
        }
        let next = context.unless_cancelled(self.download.chunk()).await?;
        let chunk = next.map_err(|error| error.to_error(&request.url))?;
        let chunk = chunk.unwrap_or_default();
        if let Some(partial) = self.partial.as_mut().filter(|_| !chunk.is_empty()) {
            let missing = self.download.total().unwrap_or(0).saturating_sub(offset);
            if !partial.append(context, &chunk, missing).await? {
                self.partial = None;
            }
        }
        Ok((chunk, ByteSource::Network))
    }

    /// Verifies the hash, and marks the file as complete or removes it.
    async fn finish(
        &mut self,
        context: &Context<T>,
        cache: Option<&ModelCache>,
        request: &FileRequest,
        size: u64,
        hashes: FileHashes,
    ) -> Result<()> {
        let partial = self.partial.take();
        let expected = request.sha256.as_deref().or(self.download.sha256());
        if let Some(expected) = expected.filter(|expected| **expected != hashes.sha256) {
            let error = DownloadError::Hash {
                found: hashes.sha256,
                expected: expected.to_owned(),
            };
            discard(cache, partial).await?;
            return Err(error.to_error(&request.url));
        }
        let (Some(cache), Some(mut partial)) = (cache, partial) else {
            return Ok(());
        };
        let file = CachedFile {
            sha256: Some(hashes.sha256),
            pieces: hashes.pieces,
            ..self.cached_file(&partial, request, Some(size))
        };
        let stored = match partial.flush() {
            Ok(()) => cache.insert_file(file).await,
            failed => failed,
        };
        // The bytes are right, they are only not stored.
        if let Err(why) = stored {
            context.recover_write(0, &why).await;
        }
        Ok(())
    }
}
