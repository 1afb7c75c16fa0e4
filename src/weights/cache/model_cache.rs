//! Storage and index of downloaded base models. Every change is made under a lock, so that tabs do
//! not overwrite each other's.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::storage::{Lock, LockKind, Storage};
use crate::weights::cache::index::{CachedFile, Index, is_file_name};

/// Two files that are written in turn: after loss of power one of them is intact.
const INDEXES: [&str; 2] = ["index-0.json", "index-1.json"];
/// A larger index is damaged.
const MAX_INDEX: u64 = 64 << 20;
const INDEX_LOCK: &str = "index";

/// The stored files of all base models.
pub struct ModelCache {
    storage: Rc<dyn Storage>,
    clock: fn() -> f64,
}

/// What evicting base models came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evicted {
    /// Titles of the removed base models.
    pub titles: Vec<String>,
    /// Whether there is room now, as far as the browser tells.
    pub has_room: bool,
}

impl ModelCache {
    /// The files in `storage`; `clock` returns milliseconds since 1970-01-01 UTC.
    pub fn new(storage: Rc<dyn Storage>, clock: fn() -> f64) -> Self {
        Self { storage, clock }
    }

    /// Where the files are.
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub(super) fn now(&self) -> f64 {
        (self.clock)()
    }

    /// The index. A damaged index is removed together with all files, which are unidentified without
    /// it.
    ///
    /// # Errors
    /// `Io`.
    pub async fn index(&self) -> Result<Index> {
        let _lock = self.lock(INDEX_LOCK).await?;
        self.read_index().await
    }

    /// Changes the index.
    ///
    /// # Errors
    /// `Io`; then the index is unchanged.
    pub async fn update<R>(&self, change: impl FnOnce(&mut Index) -> R) -> Result<R> {
        let _lock = self.lock(INDEX_LOCK).await?;
        let mut index = self.read_index().await?;
        let outcome = change(&mut index);
        self.write_index(&mut index).await?;
        Ok(outcome)
    }

    /// Adds a file to the index, or replaces the one of the same name.
    ///
    /// # Errors
    /// `Io`.
    pub async fn insert_file(&self, file: CachedFile) -> Result<()> {
        self.update(|index| index.insert(file)).await
    }

    /// Removes a base model and the files that no other one has. False if a tab has it loaded.
    ///
    /// # Errors
    /// `Io`.
    pub async fn remove(&self, key: &str) -> Result<bool> {
        let kind = LockKind::Exclusive;
        let Some(_lock) = self.storage.lock(&in_use(key), kind, false).await? else {
            return Ok(false);
        };
        let unused = self.update(|index| index.remove_base(key)).await?;
        for name in unused {
            // A tab that is reading it for another base model downloads it again.
            self.storage.remove(&name).await?;
        }
        Ok(true)
    }

    /// Removes a file that is damaged or may be.
    ///
    /// # Errors
    /// `Io`.
    pub async fn remove_file(&self, name: &str) -> Result<()> {
        self.update(|index| index.remove_file(name)).await?;
        self.storage.remove(name).await
    }

    /// Removes base models until `bytes` more fit: the least recently used first, none that a tab has
    /// loaded, and never that of `key`.
    ///
    /// # Errors
    /// `Io`.
    pub async fn evict(&self, bytes: u64, key: &str) -> Result<Evicted> {
        let mut titles = Vec::new();
        let mut others = self.index().await?.bases;
        others.retain(|base| base.key != key);
        others.sort_by(|a, b| a.used.total_cmp(&b.used));
        for base in others {
            if self.has_room(bytes).await {
                break;
            }
            if self.remove(&base.key).await? {
                titles.push(base.title);
            }
        }
        Ok(Evicted {
            titles,
            has_room: self.has_room(bytes).await,
        })
    }

    async fn has_room(&self, bytes: u64) -> bool {
        let estimate = self.storage.estimate().await;
        estimate.is_none_or(|estimate| estimate.has_room(bytes))
    }

    /// Takes an exclusive lock, after waiting for other tabs.
    ///
    /// # Errors
    /// `Io` if the browser refuses.
    pub(super) async fn lock(&self, name: &str) -> Result<Lock> {
        let lock = self.storage.lock(name, LockKind::Exclusive, true).await?;
        lock.ok_or_else(|| {
            Error::Io("This browser gave no lock on what is kept of bases. Reload the page.".into())
        })
    }

    /// Takes the lock that all tabs share that have a base model loaded.
    ///
    /// # Errors
    /// `Io` if the browser refuses.
    pub(super) async fn lock_in_use(&self, key: &str) -> Result<Option<Lock>> {
        self.storage
            .lock(&in_use(key), LockKind::Shared, true)
            .await
    }

    async fn read_index(&self) -> Result<Index> {
        let mut newest: Option<Index> = None;
        let mut any = false;
        for name in INDEXES {
            let Some(file) = self.storage.open(name).await? else {
                continue;
            };
            any = true;
            if file.len() > MAX_INDEX {
                continue;
            }
            let bytes = file.read_at(0, file.len() as usize).await?;
            if let Some(index) = Index::parse(&bytes)
                && newest
                    .as_ref()
                    .is_none_or(|newest| index.sequence > newest.sequence)
            {
                newest = Some(index);
            }
        }
        if newest.is_none() && any {
            self.remove_all().await?;
        }
        Ok(newest.unwrap_or_default())
    }

    async fn remove_all(&self) -> Result<()> {
        for name in self.storage.list().await?.into_keys() {
            if is_file_name(&name) || INDEXES.contains(&name.as_str()) {
                self.storage.remove(&name).await?;
            }
        }
        Ok(())
    }

    /// Overwrites the file that does not hold the newest index.
    async fn write_index(&self, index: &mut Index) -> Result<()> {
        index.sequence += 1;
        let name = INDEXES[(index.sequence % 2) as usize];
        let bytes = index.to_bytes().map_err(|why| {
            Error::Io(format!(
                "The index of what is kept of bases could not be made ({why}). Nothing was changed; reload the page."
            ))
        })?;
        self.storage.write(name, &bytes).await
    }
}

/// Name of the lock that all tabs share that have this base model loaded.
fn in_use(key: &str) -> String {
    format!("use {key}")
}
