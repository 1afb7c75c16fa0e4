//! Where checkpoints are kept between steps; in a browser the worker brings its own store.

use std::future::Future;

#[cfg(not(target_family = "wasm"))]
use crate::error::Error;
use crate::error::Result;

/// Where checkpoints are kept. A save either succeeds whole or leaves the last one in place.
pub trait CheckpointStore {
    /// Keeps `bytes` in place of what was there.
    fn save(&self, bytes: &[u8]) -> impl Future<Output = Result<()>>;
    /// What was saved last, if anything.
    fn load(&self) -> impl Future<Output = Result<Option<Vec<u8>>>>;
    /// Forgets it; nothing to forget is no error.
    fn discard(&self) -> impl Future<Output = Result<()>>;
}

/// One checkpoint file in a folder.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Debug)]
pub struct FolderStore {
    /// The file; its folder must exist.
    pub path: std::path::PathBuf,
}

#[cfg(not(target_family = "wasm"))]
impl FolderStore {
    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        use std::io::Write;
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".tmp");
        let temporary = self.path.with_file_name(name);
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)?;
        // Without this a power cut may bring the old name back; Windows cannot open folders.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                ".".as_ref()
            } else {
                folder
            };
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        Error::Io(format!(
            "The checkpoint {} could not be {what} ({error}), so the run is not safe. Check the \
             folder's permissions and free space.",
            self.path.display()
        ))
    }
}

#[cfg(not(target_family = "wasm"))]
impl CheckpointStore for FolderStore {
    async fn save(&self, bytes: &[u8]) -> Result<()> {
        self.replace(bytes)
            .map_err(|error| self.failed("written", &error))
    }

    async fn load(&self) -> Result<Option<Vec<u8>>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    async fn discard(&self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.failed("removed", &error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_folder_keeps_the_last_checkpoint_and_forgets_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore {
            path: folder.path().join("run.checkpoint"),
        };
        pollster::block_on(async {
            assert_eq!(store.load().await.unwrap(), None);
            store.save(b"old").await.unwrap();
            store.save(b"new").await.unwrap();
            assert_eq!(store.load().await.unwrap().as_deref(), Some(&b"new"[..]));
            assert_eq!(
                std::fs::read_dir(folder.path()).unwrap().count(),
                1,
                "no leftovers"
            );
            store.discard().await.unwrap();
            store.discard().await.unwrap();
            assert_eq!(store.load().await.unwrap(), None);
        });
    }
}
