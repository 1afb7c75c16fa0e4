//! Native decomposition: matrices on threads, factors in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use futures_channel::oneshot;

use crate::error::{Error, Result};
use crate::spectral::decompose::config::{Decomposer, FactorStore};
use crate::spectral::svd;
use crate::spectral::svd::Decomposition;

/// Stack size of a thread, in bytes.
const STACK: usize = 8 << 20;

/// Decomposes each matrix on a thread of its own, up to a number of threads at a time.
#[derive(Clone, Copy, Debug)]
pub struct Threads(usize);

impl Threads {
    /// Up to `count` threads, at least 1.
    pub fn new(count: usize) -> Self {
        Self(count.max(1))
    }
}

impl Default for Threads {
    /// One thread for each core.
    fn default() -> Self {
        Self::new(thread::available_parallelism().map_or(1, |count| count.get()))
    }
}

impl Decomposer for Threads {
    fn concurrency(&self) -> usize {
        self.0
    }

    async fn decompose(
        &self,
        matrix: Vec<f32>,
        [rows, cols]: [usize; 2],
    ) -> Result<Option<Decomposition>> {
        if self.0 == 1 {
            return svd::decompose(&matrix, rows, cols).map(Some);
        }
        let (answer, made) = oneshot::channel();
        let matrix = std::sync::Arc::new(matrix);
        let shared = matrix.clone();
        let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
            // The receiver is gone if the work was cancelled.
            let _ = answer.send(svd::decompose(&shared, rows, cols));
        });
        let made = match thread {
            Ok(_) => made.await.ok(),
            Err(_) => None,
        };
        // If the thread could not be started or panicked, use the calling thread.
        made.unwrap_or_else(|| svd::decompose(&matrix, rows, cols))
            .map(Some)
    }
}

/// A folder of factors: one folder in it for each base, by its hash.
#[derive(Clone, Debug)]
pub struct FactorFolder {
    folder: PathBuf,
}

impl FactorFolder {
    /// For the base of this hash.
    pub fn new(root: &Path, base_hash: &str) -> Self {
        Self {
            folder: root.join(base_hash),
        }
    }

    fn try_save(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let temporary = self.folder.join(format!("{name}.tmp"));
        fs::write(&temporary, bytes)?;
        fs::rename(&temporary, self.folder.join(name))
    }
}

impl FactorStore for FactorFolder {
    async fn load(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(name)).ok()
    }

    async fn save(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.try_save(name, bytes).map_err(|error| {
            Error::Io(format!(
                "The factors of the base's weights could not be kept in {} ({error}), so they will be made again next time. Check the folder's permissions and free space.",
                self.folder.display()
            ))
        })
    }
}
