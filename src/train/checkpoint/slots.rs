//! A checkpoint as two files that are written in turn.
//!
//! A save overwrites the file that does not hold the newest valid checkpoint, so loss of power at
//! any time leaves one of them intact. A load returns the newest that verifies.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Result;
use crate::storage::{Storage, read};
use crate::train::checkpoint::state::Checkpoint;

/// The two files.
const NAMES: [&str; 2] = ["run-0.checkpoint", "run-1.checkpoint"];
/// A larger file is not a checkpoint.
const MAX_FILE: u64 = 1 << 30;

/// One run's checkpoint in two files of a storage.
pub struct CheckpointSlots {
    storage: Rc<dyn Storage>,
    /// Index of the file that the next save overwrites; unknown before both were read.
    next: Cell<Option<usize>>,
}

impl CheckpointSlots {
    /// Checkpoints in `storage`.
    pub fn new(storage: Rc<dyn Storage>) -> Self {
        Self {
            storage,
            next: Cell::new(None),
        }
    }

    /// Whether checkpoints outlive the tab.
    pub fn is_persistent(&self) -> bool {
        self.storage.is_persistent()
    }

    /// Saves a checkpoint in place of the older one.
    ///
    /// # Errors
    /// `Io`; then the last checkpoint is still there.
    pub async fn save(&self, bytes: &[u8]) -> Result<()> {
        // If both files are damaged, either may be overwritten.
        if self.next.get().is_none() && self.load().await.is_err() {
            self.next.set(Some(0));
        }
        let next = self.next.get().unwrap_or(0);
        self.storage.write(NAMES[next], bytes).await?;
        self.next.set(Some(1 - next));
        Ok(())
    }

    /// The newest valid checkpoint, if there is any.
    ///
    /// # Errors
    /// `Io` or `Checkpoint` if there are files and none of them is valid.
    pub async fn load(&self) -> Result<Option<Vec<u8>>> {
        let mut newest: Option<(usize, usize, Vec<u8>)> = None;
        let mut failure = None;
        for (index, name) in NAMES.into_iter().enumerate() {
            let bytes = match read(&*self.storage, name, MAX_FILE).await {
                Ok(None) => continue,
                Ok(Some(bytes)) => bytes,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            match Checkpoint::from_bytes(&bytes) {
                Ok(checkpoint) => {
                    let newer = newest
                        .as_ref()
                        .is_none_or(|(step, ..)| checkpoint.step > *step);
                    if newer {
                        newest = Some((checkpoint.step, index, bytes));
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        let next = newest.as_ref().map_or(0, |(_, index, _)| 1 - index);
        self.next.set(Some(next));
        match (newest, failure) {
            (Some((.., bytes)), _) => Ok(Some(bytes)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    /// Removes both files.
    ///
    /// # Errors
    /// `Io`.
    pub async fn discard(&self) -> Result<()> {
        self.next.set(Some(0));
        let first = self.storage.remove(NAMES[0]).await;
        self.storage.remove(NAMES[1]).await?;
        first
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
