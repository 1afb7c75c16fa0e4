//! The folder and its index: every change is made under a lock, so tabs never undo each other's.

use crate::error::{Error, Result};
use crate::weights::cache::folder::{Folder, LockKind};
use crate::weights::cache::index::{Index, KeptFile, is_name};

/// Two files that take turns: whenever the power goes, one of them is whole.
const INDEXES: [&str; 2] = ["index-0.json", "index-1.json"];
const INDEX_LOCK: &str = "index";

/// Files of bases that are kept, for all tabs of this site.
#[derive(Debug)]
pub struct Shelf<F> {
    folder: F,
}

impl<F: Folder> Shelf<F> {
    /// In this folder.
    pub fn new(folder: F) -> Self {
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &F {
        &self.folder
    }

    /// What is kept. An index that is damaged is thrown away, and with it the files, of which
    /// nobody knows any more what they are.
    ///
    /// # Errors
    /// `Io`.
    pub async fn index(&self) -> Result<Index> {
        let _lock = self.lock(INDEX_LOCK).await?;
        self.newest().await
    }

    /// Changes the index.
    ///
    /// # Errors
    /// `Io`; then the old index stands.
    pub async fn change<R>(&self, change: impl FnOnce(&mut Index) -> R) -> Result<R> {
        let _lock = self.lock(INDEX_LOCK).await?;
        let mut index = self.newest().await?;
        let outcome = change(&mut index);
        self.write(&mut index).await?;
        Ok(outcome)
    }

    /// Removes a base and the files that no other base has. False if a tab has it loaded.
    ///
    /// # Errors
    /// `Io`.
    pub async fn remove(&self, key: &str) -> Result<bool> {
        let kind = LockKind::Exclusive;
        let Some(_free) = self.folder.lock(&in_use(key), kind, false).await? else {
            return Ok(false);
        };
        let unused = self.change(|index| index.drop_base(key)).await?;
        for name in unused {
            // Another tab may be reading it for a base of its own: it fetches it again.
            self.folder.remove(&name).await?;
        }
        Ok(true)
    }

    /// Removes a file of which nobody knows any more whether it is right.
    ///
    /// # Errors
    /// `Io`.
    pub async fn discard(&self, name: &str) -> Result<()> {
        self.change(|index| index.forget(name)).await?;
        self.folder.remove(name).await
    }

    /// Makes room for so many bytes more: bases that no tab has loaded go, the one that was used
    /// longest ago first, but never that of `key`. Gives the titles of those that went, and whether
    /// there is room now as far as the browser says.
    ///
    /// # Errors
    /// `Io`.
    pub async fn make_room(&self, bytes: u64, key: &str) -> Result<(Vec<String>, bool)> {
        let mut gone = Vec::new();
        let mut others = self.index().await?.bases;
        others.retain(|base| base.key != key);
        others.sort_by(|a, b| a.used.total_cmp(&b.used));
        for base in others {
            if self.has_room(bytes).await {
                return Ok((gone, true));
            }
            if self.remove(&base.key).await? {
                gone.push(base.title);
            }
        }
        let room = self.has_room(bytes).await;
        Ok((gone, room))
    }

    async fn has_room(&self, bytes: u64) -> bool {
        let room = self.folder.room().await;
        room.is_none_or(|(usage, quota)| usage.saturating_add(bytes) <= quota)
    }

    /// A lock that is waited for.
    ///
    /// # Errors
    /// `Io` if there are no locks.
    pub async fn lock(&self, name: &str) -> Result<F::Lock> {
        let lock = self.folder.lock(name, LockKind::Exclusive, true).await?;
        lock.ok_or_else(|| {
            Error::Io("This browser gave no lock on what is kept of bases. Reload the page.".into())
        })
    }

    async fn newest(&self) -> Result<Index> {
        let mut newest: Option<Index> = None;
        let mut there = false;
        for name in INDEXES {
            let Some(bytes) = self.folder.read(name).await? else {
                continue;
            };
            there = true;
            if let Some(index) = Index::parse(&bytes)
                && newest
                    .as_ref()
                    .is_none_or(|newest| index.sequence > newest.sequence)
            {
                newest = Some(index);
            }
        }
        if let Some(newest) = newest {
            return Ok(newest);
        }
        if there {
            for name in self.folder.sizes().await?.into_keys() {
                if is_name(&name) || INDEXES.contains(&name.as_str()) {
                    self.folder.remove(&name).await?;
                }
            }
        }
        Ok(Index::default())
    }

    /// Into the file that does not hold the newest index.
    async fn write(&self, index: &mut Index) -> Result<()> {
        index.sequence += 1;
        let name = INDEXES[(index.sequence % 2) as usize];
        let bytes = index.to_bytes().map_err(|why| {
            Error::Io(format!(
                "The index of what is kept of bases could not be made ({why}). Nothing was changed; reload the page."
            ))
        })?;
        self.folder.write(name, &bytes).await
    }

    /// Notes a file that is whole and right.
    ///
    /// # Errors
    /// `Io`.
    pub async fn publish(&self, file: KeptFile) -> Result<()> {
        self.change(|index| index.put(file)).await
    }
}

/// The lock that every tab shares which has this base loaded.
pub fn in_use(key: &str) -> String {
    format!("use {key}")
}
