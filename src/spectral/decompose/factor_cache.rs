//! The factors of base models in one storage that all tabs of a site share.
//!
//! The name of a file begins with the hash of its base model. `{hash}.keys` lists the keys by which
//! that base model is loaded, so that its factors are removed when it is. Files are not locked: each
//! carries its own SHA-256, and all tabs write the same bytes under one name.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::spectral::decompose::config::FactorStore;
use crate::storage::{Lock, LockKind, Storage};

/// Ends the name of the list of keys.
const KEYS: &str = ".keys";
/// Held while such a list is changed.
const LOCK: &str = "keys";
/// Bytes of a list of keys; a larger one is damaged.
const MAX_KEYS: u64 = 64 << 20;

/// The factors of all base models.
pub struct FactorCache {
    storage: Rc<dyn Storage>,
}

/// The factors of one base model.
pub struct BaseFactors<'a> {
    storage: &'a dyn Storage,
    base_hash: String,
}

impl FactorCache {
    /// The factors in `storage`.
    pub fn new(storage: Rc<dyn Storage>) -> Self {
        Self { storage }
    }

    /// The factors of the base model of this hash, which is loaded by `key`.
    ///
    /// # Errors
    /// `Io`.
    pub async fn of(&self, base_hash: &str, key: &str) -> Result<BaseFactors<'_>> {
        let _lock = self.lock().await?;
        let name = format!("{base_hash}{KEYS}");
        let mut keys = self.keys(&name).await?;
        if keys.insert(key.to_owned()) {
            self.write_keys(&name, &keys).await?;
        }
        Ok(BaseFactors {
            storage: &*self.storage,
            base_hash: base_hash.to_owned(),
        })
    }

    /// Bytes of the factors of each base model, by its keys.
    ///
    /// # Errors
    /// `Io`.
    pub async fn sizes(&self) -> Result<BTreeMap<String, u64>> {
        let files = self.storage.list().await?;
        let mut sizes = BTreeMap::new();
        for name in files.keys().filter(|name| name.ends_with(KEYS)) {
            let bytes: u64 = same_base(&files, name).map(|(_, bytes)| *bytes).sum();
            for key in self.keys(name).await? {
                *sizes.entry(key).or_insert(0) += bytes;
            }
        }
        Ok(sizes)
    }

    /// Keeps the factors of base models with a key that is `known`, and removes all others.
    ///
    /// # Errors
    /// `Io`.
    pub async fn retain(&self, known: impl Fn(&str) -> bool) -> Result<()> {
        let _lock = self.lock().await?;
        let files = self.storage.list().await?;
        for name in files.keys().filter(|name| name.ends_with(KEYS)) {
            let keys = self.keys(name).await?;
            let left: BTreeSet<String> = keys.iter().filter(|key| known(key)).cloned().collect();
            if left.is_empty() {
                // The list is removed last, because the other files are unidentified without it.
                for (file, _) in same_base(&files, name).filter(|(file, _)| *file != name) {
                    self.storage.remove(file).await?;
                }
                self.storage.remove(name).await?;
            } else if left.len() < keys.len() {
                self.write_keys(name, &left).await?;
            }
        }
        Ok(())
    }

    /// A damaged list is empty: its factors belong to no base model.
    async fn keys(&self, name: &str) -> Result<BTreeSet<String>> {
        let Some(file) = self.storage.open(name).await? else {
            return Ok(BTreeSet::new());
        };
        if file.len() > MAX_KEYS {
            return Ok(BTreeSet::new());
        }
        let bytes = file.read_at(0, file.len() as usize).await?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn write_keys(&self, name: &str, keys: &BTreeSet<String>) -> Result<()> {
        let bytes = serde_json::to_vec(keys).unwrap_or_default();
        self.storage.write(name, &bytes).await
    }

    async fn lock(&self) -> Result<Option<Lock>> {
        self.storage.lock(LOCK, LockKind::Exclusive, true).await
    }
}

/// The files of the base model whose list is called `list`, the list included.
fn same_base<'a>(
    files: &'a BTreeMap<String, u64>,
    list: &'a str,
) -> impl Iterator<Item = (&'a String, &'a u64)> {
    let hash = list.strip_suffix(KEYS).unwrap_or(list);
    let of = move |name: &str| name.strip_prefix(hash).is_some_and(|n| n.starts_with('.'));
    files.iter().filter(move |(name, _)| of(name))
}

impl BaseFactors<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.base_hash)
    }
}

impl FactorStore for BaseFactors<'_> {
    async fn load(&self, name: &str) -> Option<Vec<u8>> {
        let file = self.storage.open(&self.name(name)).await.ok()??;
        let size = usize::try_from(file.len()).ok()?;
        file.read_at(0, size).await.ok()
    }

    async fn save(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let name = self.name(name);
        let estimate = self.storage.estimate().await;
        let fits = estimate.is_none_or(|estimate| estimate.has_room(bytes.len() as u64));
        let saved = if fits {
            self.storage.write(&name, bytes).await
        } else {
            Err(Error::Io(
                "The browser gives this site no more room.".into(),
            ))
        };
        if saved.is_err() {
            // A part of the file would be of no use.
            let _ = self.storage.remove(&name).await;
        }
        saved.map_err(|why| {
            Error::Io(format!(
                "The factors of the base's weights could not be kept in this browser, so they will be made again next time. {why} Remove models that you do not need under 'Models'."
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use pollster::block_on;

    use super::*;
    use crate::storage::faulty::FaultyStorage;

    #[test]
    fn factors_are_counted_and_go_with_their_base() {
        let storage = FaultyStorage::default();
        let cache = FactorCache::new(Rc::new(storage.clone()));
        block_on(async {
            for (hash, key) in [("aa", "one"), ("bb", "two"), ("bb", "three")] {
                let factors = cache.of(hash, key).await.unwrap();
                factors.save("unet.conv_in", &[7; 100]).await.unwrap();
                factors.save("unet.conv_out", &[7; 50]).await.unwrap();
                let back = factors.load("unet.conv_in").await;
                assert_eq!(back.as_deref(), Some([7; 100].as_slice()));
                assert_eq!(factors.load("unet.other").await, None);
            }
            let sizes = cache.sizes().await.unwrap();
            assert!(sizes["one"] >= 150 && sizes["one"] < 200, "{sizes:?}");
            assert_eq!(sizes["two"], sizes["three"]);

            cache.retain(|key| key != "one").await.unwrap();
            let sizes = cache.sizes().await.unwrap();
            assert_eq!(sizes.keys().collect::<Vec<_>>(), ["three", "two"]);
            let names: Vec<String> = storage.list().await.unwrap().into_keys().collect();
            assert!(
                names.iter().all(|name| name.starts_with("bb.")),
                "{names:?}"
            );

            // Another way to the same weights keeps their factors.
            cache.retain(|key| key == "two").await.unwrap();
            let sizes = cache.sizes().await.unwrap();
            assert_eq!(sizes.keys().collect::<Vec<_>>(), ["two"]);
            cache.retain(|_| false).await.unwrap();
            assert!(storage.list().await.unwrap().is_empty());
        });
    }

    #[test]
    fn a_full_disk_keeps_no_half_file_and_says_so() {
        let storage = FaultyStorage::default();
        let cache = FactorCache::new(Rc::new(storage.clone()));
        block_on(async {
            let factors = cache.of("aa", "one").await.unwrap();
            storage.faults().quota.set(Some(storage.usage() + 60));
            factors.save("unet.small", &[1; 50]).await.unwrap();
            // The browser may also be wrong about the room that it has.
            for claimed in [None, Some(1_000)] {
                storage.faults().claimed_quota.set(claimed);
                let refused = factors.save("unet.large", &[1; 100]).await;
                assert!(matches!(refused, Err(Error::Io(_))), "{refused:?}");
                assert_eq!(factors.load("unet.large").await, None);
            }
            assert!(factors.load("unet.small").await.is_some());
        });
    }
}
