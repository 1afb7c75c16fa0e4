//! A file that is not complete yet: the lock on it, and where its download continues.

use crate::error::{Error, Result};
use crate::storage::{FileWriter, Lock, LockKind};
use crate::weights::cache::context::Context;
use crate::weights::cache::index::file_name;
use crate::weights::cache::model_cache::ModelCache;
use crate::weights::download::{
    ByteSource, Download, DownloadError, KnownFile, Progress, Transport, may_resume,
};

/// Written bytes after which the file is flushed: loss of power costs at most these.
const FLUSH_EVERY: u64 = 64 << 20;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileRequest {
    pub(super) path: String,
    pub(super) url: String,
    /// Its size, if known.
    pub(super) bytes: Option<u64>,
    /// Its hash, if known.
    pub(super) sha256: Option<String>,
}

impl FileRequest {
    /// Whether to download in ranges. Small files come whole: a range costs a preflight request.
    pub(super) fn is_ranged(&self) -> bool {
        self.path.ends_with(".safetensors")
    }
}

/// A file of the storage that this tab is downloading.
pub(super) struct PartialFile {
    pub(super) name: String,
    file: Box<dyn FileWriter>,
    /// Bytes that survive loss of power.
    flushed: u64,
    _lock: Lock,
}

impl PartialFile {
    /// Takes the lock on the file; waits while another tab has it.
    ///
    /// # Errors
    /// `Io` if the browser refuses, `Cancelled`.
    pub(super) async fn lock<T: Transport>(
        context: &Context<T>,
        cache: &ModelCache,
        request: &FileRequest,
    ) -> Result<Lock> {
        let name = format!("file {}", file_name(&request.url));
        let free = cache.storage().lock(&name, LockKind::Exclusive, false);
        if let Some(lock) = free.await? {
            return Ok(lock);
        }
        context.progress.report(Progress::Bytes {
            path: &request.path,
            source: ByteSource::OtherTab,
            done: 0,
            total: request.bytes,
        });
        context.unless_cancelled(cache.lock(&name)).await?
    }

    /// Opens or creates the file.
    ///
    /// # Errors
    /// `Io`.
    pub(super) async fn open(cache: &ModelCache, url: &str, lock: Lock) -> Result<Self> {
        let name = file_name(url);
        Ok(Self {
            file: cache.storage().create(&name).await?,
            name,
            flushed: 0,
            _lock: lock,
        })
    }

    /// Up to `count` bytes from `offset` on.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        self.file.read_at(offset, count)
    }

    /// Appends a chunk of a file of which `missing` bytes have not been written. False if that
    /// failed for good; what was written stays for a later download to continue.
    ///
    /// # Errors
    /// `Io`.
    pub(super) async fn append<T: Transport>(
        &mut self,
        context: &Context<T>,
        chunk: &[u8],
        missing: u64,
    ) -> Result<bool> {
        let before = self.file.len()?;
        while let Err(why) = self.file.write_at(before, chunk) {
            let retry = context.recover_write(missing, &why).await;
            if !retry || self.file.len()? != before {
                return Ok(false);
            }
        }
        let size = before + chunk.len() as u64;
        if size - self.flushed >= FLUSH_EVERY {
            self.file.flush()?;
            self.flushed = size;
        }
        Ok(true)
    }

    /// Puts all bytes onto the medium.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }

    /// What the index knows of the file, and how many of its bytes can be kept; others are cut off.
    async fn resume(
        &mut self,
        cache: &ModelCache,
        request: &FileRequest,
    ) -> Result<(KnownFile, u64)> {
        let index = cache.index().await?;
        let before = index
            .file(&self.name)
            .filter(|file| file.url == request.url);
        let known = KnownFile {
            etag: before.and_then(|file| file.etag.clone()),
            total: request.bytes.or(before.and_then(|file| file.total)),
        };
        let size = self.file.len()?;
        let fits = known.total.is_none_or(|total| size <= total);
        if before.is_some() && fits && may_resume(&known, request.sha256.as_deref()) && size > 0 {
            return Ok((known, size));
        }
        self.file.truncate(0)?;
        Ok((known, 0))
    }
}

/// A download and the number of bytes that were stored before.
pub(super) struct Connected<T: Transport> {
    pub(super) download: Download<T>,
    pub(super) stored: u64,
}

/// Starts the download of a file, at the end of its stored part if that can be continued.
///
/// # Errors
/// `Io` if the server does not send the file, `Cancelled`.
pub(super) async fn connect<T: Transport>(
    context: &Context<T>,
    request: &FileRequest,
    mut partial: Option<&mut PartialFile>,
) -> Result<Connected<T>> {
    let unknown = KnownFile {
        etag: None,
        total: request.bytes,
    };
    let (mut known, mut stored) = match (context.cache(), partial.as_deref_mut()) {
        (Some(cache), Some(partial)) => partial.resume(cache, request).await?,
        _ => (unknown.clone(), 0),
    };
    loop {
        let remote = context.remote(request.url.clone(), &request.path);
        let opened = Download::open(remote, stored, known, request.is_ranged());
        match context.unless_cancelled(opened).await? {
            // Neither a tag nor a hash shows that the stored part is of this file.
            Ok(download) if stored > 0 && request.sha256.is_none() && !download.is_tagged() => {}
            Ok(download) => return Ok(Connected { download, stored }),
            Err(error) if stored > 0 && is_other_file(&error, request) => {}
            Err(error) => return Err(error.to_error(&request.url)),
        }
        if let Some(partial) = partial.as_deref_mut() {
            partial.file.truncate(0)?;
        }
        stored = 0;
        known = unknown.clone();
    }
}

/// Whether the file on the server is not the one that the stored part came from.
fn is_other_file(error: &DownloadError, request: &FileRequest) -> bool {
    match error {
        DownloadError::Changed => true,
        DownloadError::Size { .. } => request.bytes.is_none(),
        _ => false,
    }
}

/// Removes a file whose content is wrong. `partial` is closed first, because an open file cannot be
/// removed.
///
/// # Errors
/// `Io`.
pub(super) async fn discard(
    cache: Option<&ModelCache>,
    partial: Option<PartialFile>,
) -> Result<()> {
    let name = partial.map(|partial| partial.name);
    match (cache, name) {
        (Some(cache), Some(name)) => cache.remove_file(&name).await,
        _ => Ok::<_, Error>(()),
    }
}
