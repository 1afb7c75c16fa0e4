//! Files in a folder of this machine.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::future::ready;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::sha256;
use crate::storage::traits::{Estimate, FileReader, FileWriter, Lock, LockKind, Storage};

/// Ends the names of the files that locks are taken on.
const LOCK: &str = ".lock";

/// A folder, which must exist.
#[derive(Clone, Debug)]
pub struct DiskStorage {
    folder: PathBuf,
}

impl DiskStorage {
    /// Files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a second file and renames it, so that the file is at all times the old or the new one.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(format!("{name}.tmp"));
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, self.folder.join(name))?;
        // Without this, loss of power may bring back the old name; Windows cannot open folders.
        #[cfg(unix)]
        {
            let folder = if self.folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &self.folder
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn sizes(&self) -> io::Result<BTreeMap<String, u64>> {
        let mut sizes = BTreeMap::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let (Ok(name), metadata) = (entry.file_name().into_string(), entry.metadata()?) else {
                continue;
            };
            if metadata.is_file() && !name.ends_with(LOCK) {
                sizes.insert(name, metadata.len());
            }
        }
        Ok(sizes)
    }

    /// Locks a file that has the hash of the lock's name, which may have any characters.
    fn lock_file(&self, name: &str, kind: LockKind, wait: bool) -> io::Result<Option<File>> {
        let hash = sha256::hex_digest(name.as_bytes());
        let path = self.folder.join(format!("{}{LOCK}", &hash[..32]));
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let locked = match (kind, wait) {
            (LockKind::Exclusive, true) => file.lock().map_err(TryLockError::Error),
            (LockKind::Shared, true) => file.lock_shared().map_err(TryLockError::Error),
            (LockKind::Exclusive, false) => file.try_lock(),
            (LockKind::Shared, false) => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn failed(&self, what: &str, name: &str, error: &io::Error) -> Error {
        failed(what, &self.folder.join(name), error)
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::Io(format!(
        "{} could not be {what} ({error}). Check the folder's permissions and free space.",
        path.display()
    ))
}

/// Work is done before the future is first polled; it never waits, except for a lock, which blocks
/// the thread.
impl Storage for DiskStorage {
    fn open<'a>(
        &'a self,
        name: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<Box<dyn FileReader>>>> {
        let path = self.folder.join(name);
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        Box::pin(ready(match opened {
            Ok((size, file)) => Ok(Some(Box::new(DiskReader {
                file: DiskFile { path, file },
                size,
            }) as Box<dyn FileReader>)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("opened", &path, &error)),
        }))
    }

    fn create<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn FileWriter>>> {
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let opened = options.open(&path).and_then(|file| {
            file.try_lock()?;
            Ok(file)
        });
        Box::pin(ready(match opened {
            Ok(file) => Ok(Box::new(DiskFile { path, file }) as Box<dyn FileWriter>),
            Err(error) => Err(failed("opened", &path, &error)),
        }))
    }

    fn write<'a>(&'a self, name: &'a str, bytes: &'a [u8]) -> LocalBoxFuture<'a, Result<()>> {
        let written = self.replace(name, bytes);
        Box::pin(ready(
            written.map_err(|error| self.failed("written", name, &error)),
        ))
    }

    fn remove<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<()>> {
        let removed = match std::fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.failed("removed", name, &error))
            }
            _ => Ok(()),
        };
        Box::pin(ready(removed))
    }

    fn list(&self) -> LocalBoxFuture<'_, Result<BTreeMap<String, u64>>> {
        let sizes = self.sizes();
        Box::pin(ready(
            sizes.map_err(|error| failed("listed", &self.folder, &error)),
        ))
    }

    fn lock<'a>(
        &'a self,
        name: &'a str,
        kind: LockKind,
        wait: bool,
    ) -> LocalBoxFuture<'a, Result<Option<Lock>>> {
        let file = self.lock_file(name, kind, wait);
        Box::pin(ready(match file {
            Ok(file) => Ok(file.map(|file| Lock::new(move || drop(file)))),
            Err(error) => Err(failed("locked", &self.folder, &error)),
        }))
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<Estimate>> {
        Box::pin(ready(None))
    }

    fn is_persistent(&self) -> bool {
        true
    }
}

struct DiskFile {
    path: PathBuf,
    file: File,
}

impl DiskFile {
    fn read(&self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl FileWriter for DiskFile {
    fn len(&self) -> Result<u64> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|error| failed("read", &self.path, &error))?;
        Ok(metadata.len())
    }

    fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let read = self.read(offset, count);
        read.map_err(|error| failed("read", &self.path, &error))
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let written = self.file.seek(SeekFrom::Start(offset));
        let written = written.and_then(|_| self.file.write_all(bytes));
        written.map_err(|error| failed("written", &self.path, &error))
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        let cut = self.file.set_len(size);
        cut.map_err(|error| failed("written", &self.path, &error))
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.file.sync_all();
        flushed.map_err(|error| failed("written", &self.path, &error))
    }
}

struct DiskReader {
    file: DiskFile,
    size: u64,
}

impl FileReader for DiskReader {
    fn len(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, count: usize) -> LocalBoxFuture<'static, Result<Vec<u8>>> {
        Box::pin(ready(FileWriter::read_at(&self.file, offset, count)))
    }
}
