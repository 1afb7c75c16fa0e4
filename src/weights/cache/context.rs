//! What the files of one base model share while it is loaded.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::sha256::hex;
use crate::weights::cache::index::{CachedFile, Index, PIECE};
use crate::weights::cache::model_cache::{Evicted, ModelCache};
use crate::weights::download::{Progress, ProgressSink, Remote, Transport};

/// Room that is left free for other data of the page.
const MARGIN: u64 = 64 << 20;

/// A base model that is being loaded.
pub(super) struct Context<T> {
    pub(super) transport: Rc<T>,
    pub(super) progress: Rc<dyn ProgressSink>,
    /// Its source as one text.
    pub(super) key: String,
    pub(super) title: String,
    /// Bytes of all files, as far as known before the download.
    pub(super) known_bytes: u64,
    /// `None` if this browser stores nothing.
    cache: Option<Rc<ModelCache>>,
    /// Whether storing was given up because there is no room.
    full: Cell<bool>,
    /// Names of files that were read from the storage, to be verified if loading fails.
    read_from_cache: RefCell<BTreeSet<String>>,
}

impl<T: Transport> Context<T> {
    pub(super) fn new(
        transport: Rc<T>,
        cache: Option<Rc<ModelCache>>,
        progress: Rc<dyn ProgressSink>,
        (key, title): (String, String),
        known_bytes: u64,
    ) -> Self {
        Self {
            transport,
            progress,
            key,
            title,
            known_bytes,
            cache,
            full: Cell::new(false),
            read_from_cache: RefCell::default(),
        }
    }

    /// The cache, also when no more is stored in it.
    pub(super) fn readable_cache(&self) -> Option<&Rc<ModelCache>> {
        self.cache.as_ref()
    }

    /// The cache, as long as there is room.
    pub(super) fn cache(&self) -> Option<&Rc<ModelCache>> {
        self.cache.as_ref().filter(|_| !self.full.get())
    }

    /// Evicts other base models if `missing` bytes do not fit; if that is not enough, stores nothing.
    ///
    /// # Errors
    /// `Io`.
    pub(super) async fn reserve(&self, missing: u64) -> Result<()> {
        if missing > 0 && !self.evict(missing.saturating_add(MARGIN)).await?.has_room {
            self.full.set(true);
            self.progress.report(Progress::Warning(format!(
                "This browser has no room for the {} MB of '{}', so it is not kept and will be fetched again next time. Free some disk space, or remove other models that are kept here.",
                missing.div_ceil(1_000_000),
                self.title
            )));
        }
        Ok(())
    }

    async fn evict(&self, bytes: u64) -> Result<Evicted> {
        let Some(cache) = &self.cache else {
            return Ok(Evicted::default());
        };
        let evicted = cache.evict(bytes, &self.key).await?;
        if !evicted.titles.is_empty() {
            self.progress.report(Progress::Warning(format!(
                "To make room, these models are no longer kept here: {}. They are fetched again when they are needed.",
                evicted.titles.join(", ")
            )));
        }
        Ok(evicted)
    }

    /// After a failed write with `missing` bytes to come: evicts other base models and returns true
    /// if the write is worth a retry. Otherwise nothing more is stored.
    pub(super) async fn recover_write(&self, missing: u64, why: &Error) -> bool {
        let evicted = self.evict(missing.saturating_add(MARGIN)).await;
        if evicted.is_ok_and(|evicted| !evicted.titles.is_empty()) {
            return true;
        }
        self.full.set(true);
        self.progress.report(Progress::Warning(format!(
            "'{}' cannot be kept in this browser, so it will be fetched again next time. {why}",
            self.title
        )));
        false
    }

    /// Records a file in the index, as `path` of this base model.
    ///
    /// # Errors
    /// `Io`.
    pub(super) async fn link(
        &self,
        cache: &ModelCache,
        path: &str,
        file: CachedFile,
    ) -> Result<()> {
        let now = cache.now();
        cache
            .update(|index| {
                index.link(&self.key, &self.title, path, &file.name);
                let base = index.base_mut(&self.key, &self.title);
                base.used = now;
                base.bytes = base.bytes.max(self.known_bytes);
                index.insert(file);
            })
            .await
    }

    /// Whether `path` of this base model is the file `name`.
    pub(super) fn is_linked(&self, index: &Index, path: &str, name: &str) -> bool {
        let base = index.base(&self.key);
        base.is_some_and(|base| {
            let mut parts = base.parts.iter();
            parts.any(|part| part.path == path && part.file == name)
        })
    }

    /// Waits for `work` until it is cancelled.
    ///
    /// # Errors
    /// `Cancelled`.
    pub(super) async fn unless_cancelled<V>(&self, work: impl Future<Output = V>) -> Result<V> {
        match select(pin!(work), self.progress.cancelled()).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(_) => Err(Error::Cancelled),
        }
    }

    pub(super) fn remote(&self, url: String, path: &str) -> Remote<T> {
        Remote {
            transport: self.transport.clone(),
            progress: self.progress.clone(),
            url,
            path: path.to_owned(),
        }
    }

    /// Notes that a file was read from the storage.
    pub(super) fn note_read(&self, name: &str) {
        self.read_from_cache.borrow_mut().insert(name.to_owned());
    }

    /// Verifies all files that were read from the storage, and removes damaged ones. True if there
    /// were any, so that another attempt may succeed.
    pub(super) async fn remove_damaged(&self) -> bool {
        let Some(cache) = &self.cache else {
            return false;
        };
        let mut any = false;
        for name in self.read_from_cache.take() {
            match self.is_intact(cache, &name).await {
                Ok(true) => {}
                Err(Error::Cancelled) => return false,
                _ => any |= cache.remove_file(&name).await.is_ok(),
            }
        }
        any
    }

    /// Whether a file has the SHA-256 of the index.
    async fn is_intact(&self, cache: &ModelCache, name: &str) -> Result<bool> {
        let index = cache.index().await?;
        let Some(sha256) = index.file(name).and_then(|file| file.sha256.clone()) else {
            return Ok(false);
        };
        let Some(file) = cache.storage().open(name).await? else {
            return Ok(false);
        };
        let mut hash = Sha256::new();
        let mut offset = 0;
        while offset < file.len() {
            self.progress.wait_while_paused().await?;
            let piece = file.read_at(offset, PIECE as usize).await?;
            if piece.is_empty() {
                return Ok(false);
            }
            offset += piece.len() as u64;
            hash.update(&piece);
        }
        Ok(hex(&hash.finalize()) == sha256)
    }
}
