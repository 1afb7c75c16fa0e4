//! A checkpoint as one file on disk.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::storage::{DiskStorage, Storage, read};

/// One checkpoint file. It is replaced as a whole: a crash leaves the old one or the new one.
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    storage: DiskStorage,
    name: String,
    path: PathBuf,
}

impl CheckpointFile {
    /// The file at `path`; its folder must exist.
    ///
    /// # Errors
    /// `Io` if its name is not UTF-8.
    pub fn new(path: PathBuf) -> Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| {
            Error::Io(format!(
                "The checkpoint {} cannot be written there: its name is not UTF-8. Choose another name.",
                path.display()
            ))
        })?;
        Ok(Self {
            storage: DiskStorage::new(path.parent().unwrap_or(Path::new(""))),
            name: name.to_owned(),
            path,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the checkpoint.
    ///
    /// # Errors
    /// `Io`; then the last checkpoint is still there.
    pub async fn save(&self, bytes: &[u8]) -> Result<()> {
        self.storage.write(&self.name, bytes).await
    }

    /// The bytes that were saved last, if any.
    ///
    /// # Errors
    /// `Io`.
    pub async fn load(&self) -> Result<Option<Vec<u8>>> {
        read(&self.storage, &self.name, u64::MAX).await
    }

    /// Removes the checkpoint; a missing file is not an error.
    ///
    /// # Errors
    /// `Io`.
    pub async fn discard(&self) -> Result<()> {
        self.storage.remove(&self.name).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_folder_keeps_the_last_checkpoint_and_forgets_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(folder.path().join("run.checkpoint")).unwrap();
        pollster::block_on(async {
            assert_eq!(file.load().await.unwrap(), None);
            file.save(b"old").await.unwrap();
            file.save(b"new").await.unwrap();
            assert_eq!(file.load().await.unwrap().as_deref(), Some(&b"new"[..]));
            assert_eq!(
                std::fs::read_dir(folder.path()).unwrap().count(),
                1,
                "no leftovers"
            );
            file.discard().await.unwrap();
            file.discard().await.unwrap();
            assert_eq!(file.load().await.unwrap(), None);
        });
    }
}
