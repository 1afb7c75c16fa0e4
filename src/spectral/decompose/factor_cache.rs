//! The factors of bases in a folder that all tabs of a site share.
//!
//! A file's name begins with the hash of its base. `{hash}.keys` names what that base is loaded by,
//! so that its factors go when it does. Files need no lock: every one carries its own SHA-256, and
//! what two tabs write under one name is the same to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::spectral::decompose::config::FactorStore;
use crate::weights::cache::{Bytes, Folder, LockKind};

/// Ends the name of the list of what a base is loaded by.
const KEYS: &str = ".keys";
/// Taken while such a list is changed.
const LOCK: &str = "keys";

/// The factors of all bases.
#[derive(Debug)]
pub struct FactorCache<F> {
    folder: F,
}

/// The factors of one base.
#[derive(Debug)]
pub struct BaseFactors<'a, F> {
    folder: &'a F,
    base_hash: String,
}

impl<F: Folder> FactorCache<F> {
    /// In this folder.
    pub fn new(folder: F) -> Self {
        Self { folder }
    }

    /// Those of the base of this hash, which is loaded by `key`.
    ///
    /// # Errors
    /// `Io`.
    pub async fn of(&self, base_hash: &str, key: &str) -> Result<BaseFactors<'_, F>> {
        let _lock = self.lock().await?;
        let name = format!("{base_hash}{KEYS}");
        let mut keys = self.keys(&name).await?;
        if keys.insert(key.to_owned()) {
            self.write_keys(&name, &keys).await?;
        }
        Ok(BaseFactors {
            folder: &self.folder,
            base_hash: base_hash.to_owned(),
        })
    }

    /// Bytes of the factors of each base, by what it is loaded by.
    ///
    /// # Errors
    /// `Io`.
    pub async fn sizes(&self) -> Result<BTreeMap<String, u64>> {
        let files = self.folder.sizes().await?;
        let mut sizes = BTreeMap::new();
        for name in files.keys().filter(|name| name.ends_with(KEYS)) {
            let bytes: u64 = belonging(&files, name).map(|(_, bytes)| *bytes).sum();
            for key in self.keys(name).await? {
                *sizes.entry(key).or_insert(0) += bytes;
            }
        }
        Ok(sizes)
    }

    /// Removes the factors of every base that is loaded by none of the keys that `known` finds.
    ///
    /// # Errors
    /// `Io`.
    pub async fn sweep(&self, known: impl Fn(&str) -> bool) -> Result<()> {
        let _lock = self.lock().await?;
        let files = self.folder.sizes().await?;
        for name in files.keys().filter(|name| name.ends_with(KEYS)) {
            let keys = self.keys(name).await?;
            let left: BTreeSet<String> = keys.iter().filter(|key| known(key)).cloned().collect();
            if left.is_empty() {
                // The list goes last: without it nobody would know what the others are.
                for (file, _) in belonging(&files, name).filter(|(file, _)| *file != name) {
                    self.folder.remove(file).await?;
                }
                self.folder.remove(name).await?;
            } else if left.len() < keys.len() {
                self.write_keys(name, &left).await?;
            }
        }
        Ok(())
    }

    /// A list that was cut off is empty: then its factors are nobody's.
    async fn keys(&self, name: &str) -> Result<BTreeSet<String>> {
        let bytes = self.folder.read(name).await?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn write_keys(&self, name: &str, keys: &BTreeSet<String>) -> Result<()> {
        let bytes = serde_json::to_vec(keys).unwrap_or_default();
        self.folder.write(name, &bytes).await
    }

    async fn lock(&self) -> Result<Option<F::Lock>> {
        self.folder.lock(LOCK, LockKind::Exclusive, true).await
    }
}

/// The files of the base whose list is called `list`, that list included.
fn belonging<'a>(
    files: &'a BTreeMap<String, u64>,
    list: &'a str,
) -> impl Iterator<Item = (&'a String, &'a u64)> {
    let hash = list.strip_suffix(KEYS).unwrap_or(list);
    let of = move |name: &str| name.strip_prefix(hash).is_some_and(|n| n.starts_with('.'));
    files.iter().filter(move |(name, _)| of(name))
}

impl<F: Folder> BaseFactors<'_, F> {
    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.base_hash)
    }
}

impl<F: Folder> FactorStore for BaseFactors<'_, F> {
    async fn load(&self, name: &str) -> Option<Vec<u8>> {
        let file = self.folder.open(&self.name(name)).await.ok()??;
        let size = usize::try_from(file.size()).ok()?;
        file.read(0, size).await.ok()
    }

    async fn save(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let name = self.name(name);
        let room = self.folder.room().await;
        let kept = match room {
            Some((usage, quota)) if usage.saturating_add(bytes.len() as u64) > quota => Err(
                Error::Io("The browser gives this site no more room.".into()),
            ),
            _ => self.folder.write(&name, bytes).await,
        };
        if kept.is_err() {
            // What was written of it would only take room.
            let _ = self.folder.remove(&name).await;
        }
        kept.map_err(|why| {
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
    use crate::weights::cache::fake::Shared;

    #[test]
    fn factors_are_counted_and_go_with_their_base() {
        let disk = Shared::default();
        let cache = FactorCache::new(disk.clone());
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

            cache.sweep(|key| key != "one").await.unwrap();
            let sizes = cache.sizes().await.unwrap();
            assert_eq!(sizes.keys().collect::<Vec<_>>(), ["three", "two"]);
            let names: Vec<String> = disk.sizes().await.unwrap().into_keys().collect();
            assert!(
                names.iter().all(|name| name.starts_with("bb.")),
                "{names:?}"
            );

            // Another way to the same weights keeps their factors.
            cache.sweep(|key| key == "two").await.unwrap();
            let sizes = cache.sizes().await.unwrap();
            assert_eq!(sizes.keys().collect::<Vec<_>>(), ["two"]);
            cache.sweep(|_| false).await.unwrap();
            assert!(disk.sizes().await.unwrap().is_empty());
        });
    }

    #[test]
    fn a_full_disk_keeps_no_half_file_and_says_so() {
        let disk = Shared::default();
        let cache = FactorCache::new(disk.clone());
        block_on(async {
            let factors = cache.of("aa", "one").await.unwrap();
            disk.0.quota.set(Some(disk.0.usage() + 60));
            factors.save("unet.small", &[1; 50]).await.unwrap();
            // The browser may also be wrong about the room that it has.
            for boast in [None, Some(1_000)] {
                disk.0.boast.set(boast);
                let refused = factors.save("unet.large", &[1; 100]).await;
                assert!(matches!(refused, Err(Error::Io(_))), "{refused:?}");
                assert_eq!(factors.load("unet.large").await, None);
            }
            assert!(factors.load("unet.small").await.is_some());
        });
    }
}
