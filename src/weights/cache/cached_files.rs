//! All files of one base model, from the storage or from their server.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::storage::Lock;
use crate::weights::cache::context::Context;
use crate::weights::cache::index::file_name;
use crate::weights::cache::model_cache::ModelCache;
use crate::weights::cache::partial::FileRequest;
use crate::weights::cache::reader::CacheReader;
use crate::weights::cache::remote_files::{ListedFile, RemoteFiles};
use crate::weights::download::{Download, KnownFile, ProgressSink, Transport};

/// The files of one base model from another site.
pub struct CachedFiles<T: Transport> {
    context: Rc<Context<T>>,
    files: RemoteFiles,
    /// Paths that were looked for and do not exist on the server.
    absent: RefCell<BTreeSet<String>>,
    /// Shared by all tabs that have this base model loaded: its files are not evicted.
    _in_use: Option<Lock>,
}

/// Two are equal if they have the same source.
impl<T: Transport> PartialEq for CachedFiles<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T: Transport> Eq for CachedFiles<T> {}

impl<T: Transport> fmt::Debug for CachedFiles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedFiles")
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

impl<T: Transport> CachedFiles<T> {
    /// Makes room for the files of a base model. `key` is its source as one text; `cache` is `None`
    /// if this browser stores nothing.
    ///
    /// # Errors
    /// `Io`.
    pub async fn new(
        transport: Rc<T>,
        cache: Option<Rc<ModelCache>>,
        progress: Rc<dyn ProgressSink>,
        key: String,
        title: String,
        files: RemoteFiles,
    ) -> Result<Self> {
        let lock = match &cache {
            Some(cache) => cache.lock_in_use(&key).await?,
            None => None,
        };
        let known_bytes = files.known_bytes();
        let context = Context::new(transport, cache, progress, (key, title), known_bytes);
        if let (Some(cache), RemoteFiles::Listed(files)) = (context.cache(), &files) {
            let missing = missing_bytes(cache, files).await?;
            context.reserve(missing).await?;
        }
        Ok(Self {
            context: Rc::new(context),
            files,
            absent: RefCell::default(),
            _in_use: lock,
        })
    }

    /// Its source as one text.
    pub fn key(&self) -> &str {
        &self.context.key
    }

    /// Its name.
    pub fn title(&self) -> &str {
        &self.context.title
    }

    /// Whether there is such a file; may send a request.
    pub async fn exists(&self, path: &str) -> bool {
        let url = match &self.files {
            RemoteFiles::Listed(_) => return self.files.lists(path),
            RemoteFiles::Folder(url) => url,
        };
        if let Some(known) = self.known_to_exist(path).await {
            return known;
        }
        let remote = self.context.remote(format!("{url}{path}"), path);
        let opened = Download::open(remote, 0, KnownFile::default(), false);
        let Ok(opened) = self.context.unless_cancelled(opened).await else {
            return false;
        };
        if opened.is_err() {
            self.absent.borrow_mut().insert(path.to_owned());
        }
        opened.is_ok()
    }

    /// Whether a file that no config mentions is listed as part of this base model.
    pub fn lists(&self, path: &str) -> bool {
        self.files.lists(path)
    }

    /// What the index knows of a path.
    async fn known_to_exist(&self, path: &str) -> Option<bool> {
        let index = self.context.readable_cache()?.index().await.ok()?;
        let base = index.base(self.key())?;
        if base.parts.iter().any(|part| part.path == path) {
            return Some(true);
        }
        (base.whole && base.absent.iter().any(|absent| absent == path)).then_some(false)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// `Io` if it is neither in the storage nor on its server, `Cancelled`.
    pub async fn open(&self, path: &str) -> Result<CacheReader<T>> {
        let request = match &self.files {
            RemoteFiles::Folder(url) => FileRequest {
                path: path.to_owned(),
                url: format!("{url}{path}"),
                bytes: None,
                sha256: None,
            },
            RemoteFiles::Listed(files) => {
                let file = files.iter().find(|file| file.path == path).ok_or_else(|| {
                    Error::Io(format!(
                        "'{}' has no {path} in the catalogue. Whoever hosts this page has to add it there.",
                        self.title()
                    ))
                })?;
                FileRequest {
                    path: path.to_owned(),
                    url: file.url.clone(),
                    bytes: file.bytes,
                    sha256: file.sha256.clone(),
                }
            }
        };
        CacheReader::open(self.context.clone(), request).await
    }

    /// Records that the base model was loaded completely, so that it needs no network any more.
    ///
    /// # Errors
    /// `Io`.
    pub async fn mark_complete(&self) -> Result<()> {
        let Some(cache) = self.context.cache() else {
            return Ok(());
        };
        let now = cache.now();
        let absent = self.absent.take();
        let known_bytes = self.files.known_bytes();
        cache
            .update(|index| {
                let sizes: u64 = match index.base(self.key()) {
                    Some(base) => {
                        let files = base.parts.iter().filter_map(|part| index.file(&part.file));
                        files.filter_map(|file| file.total).sum()
                    }
                    None => 0,
                };
                let base = index.base_mut(self.key(), self.title());
                base.used = now;
                base.whole = true;
                base.bytes = known_bytes.max(sizes);
                let absent: BTreeSet<String> = base.absent.drain(..).chain(absent).collect();
                base.absent = absent.into_iter().collect();
            })
            .await
    }

    /// After a failure: verifies the files that were read from the storage, and removes damaged
    /// ones. True if there were any, so that another attempt may succeed.
    pub async fn remove_damaged(&self) -> bool {
        self.context.remove_damaged().await
    }
}

/// Bytes of listed files that are not stored yet.
async fn missing_bytes(cache: &ModelCache, files: &[ListedFile]) -> Result<u64> {
    let index = cache.index().await?;
    let sizes = cache.storage().list().await?;
    let missing = files.iter().filter_map(|file| {
        let bytes = file.bytes?;
        let stored = sizes.get(&file_name(&file.url)).copied();
        match index.complete_file(&file.url, file.sha256.as_deref()) {
            Some(_) => None,
            None => Some(bytes.saturating_sub(stored.unwrap_or(0))),
        }
    });
    Ok(missing.sum())
}
