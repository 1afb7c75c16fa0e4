//! A storage in memory for tests, with a quota and simulated loss of power.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use futures_util::future::{LocalBoxFuture, ready};

use crate::error::{Error, Result};
use crate::storage::memory::MemoryStorage;
use crate::storage::traits::{Estimate, FileReader, FileWriter, Lock, LockKind, Storage, read};

/// Clones share files, locks and faults.
#[derive(Clone, Default)]
pub(crate) struct FaultyStorage {
    memory: MemoryStorage,
    faults: Rc<Faults>,
}

/// What goes wrong.
#[derive(Default)]
pub(crate) struct Faults {
    /// Bytes that all files together may have.
    pub(crate) quota: Cell<Option<u64>>,
    /// The quota that the browser claims, if that is not the real one.
    pub(crate) claimed_quota: Cell<Option<u64>>,
    /// Power is lost in `write` after this many bytes; the file keeps the rest of its old ones.
    pub(crate) power_lost_after: Cell<Option<usize>>,
}

impl FaultyStorage {
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }
}

impl Deref for FaultyStorage {
    type Target = MemoryStorage;

    fn deref(&self) -> &MemoryStorage {
        &self.memory
    }
}

impl Storage for FaultyStorage {
    fn open<'a>(
        &'a self,
        name: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<Box<dyn FileReader>>>> {
        self.memory.open(name)
    }

    fn create<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn FileWriter>>> {
        Box::pin(async move {
            let file = FaultyFile {
                file: self.memory.create(name).await?,
                storage: self.clone(),
            };
            Ok(Box::new(file) as Box<dyn FileWriter>)
        })
    }

    fn write<'a>(&'a self, name: &'a str, bytes: &'a [u8]) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(written) = self.faults.power_lost_after.get() else {
                let mut file = self.create(name).await?;
                file.truncate(0)?;
                return file.write_at(0, bytes);
            };
            let mut mixture = bytes[..written].to_vec();
            if let Some(old) = read(&self.memory, name, u64::MAX).await? {
                mixture.extend(old.into_iter().skip(written));
            }
            self.memory.write(name, &mixture).await?;
            Err(Error::Io("no power".into()))
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<()>> {
        self.memory.remove(name)
    }

    fn list(&self) -> LocalBoxFuture<'_, Result<BTreeMap<String, u64>>> {
        self.memory.list()
    }

    fn lock<'a>(
        &'a self,
        name: &'a str,
        kind: LockKind,
        wait: bool,
    ) -> LocalBoxFuture<'a, Result<Option<Lock>>> {
        self.memory.lock(name, kind, wait)
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<Estimate>> {
        let quota = self.faults.claimed_quota.get().or(self.faults.quota.get());
        let usage = self.usage();
        Box::pin(ready(quota.map(|quota| Estimate { usage, quota })))
    }

    fn is_persistent(&self) -> bool {
        true
    }
}

struct FaultyFile {
    file: Box<dyn FileWriter>,
    storage: FaultyStorage,
}

impl FileWriter for FaultyFile {
    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        self.file.read_at(offset, count)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let size = self.file.len()?;
        let growth = (offset + bytes.len() as u64).saturating_sub(size);
        let usage = self.storage.usage() + growth;
        let quota = self.storage.faults.quota.get();
        if quota.is_some_and(|quota| usage > quota) {
            return Err(Error::Io("there is no room".into()));
        }
        self.file.write_at(offset, bytes)
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.file.truncate(size)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}
