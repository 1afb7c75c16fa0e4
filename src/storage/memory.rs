//! Files in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{poll_fn, ready};
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::storage::traits::{Estimate, FileReader, FileWriter, Lock, LockKind, Storage};

/// Files that are gone with the process or tab. Clones share their files and locks.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    files: RefCell<BTreeMap<String, Rc<Vec<u8>>>>,
    /// Files that are open for writing.
    open: RefCell<BTreeSet<String>>,
    locks: RefCell<BTreeMap<String, Holders>>,
    waiting: RefCell<Vec<Waker>>,
}

/// Holders of a lock.
#[derive(Debug, Default, PartialEq)]
enum Holders {
    #[default]
    None,
    Shared(usize),
    Exclusive,
}

impl Holders {
    /// Adds a holder if the kinds allow it.
    fn add(&mut self, kind: LockKind) -> bool {
        *self = match (&self, kind) {
            (Self::None, LockKind::Exclusive) => Self::Exclusive,
            (Self::None, LockKind::Shared) => Self::Shared(1),
            (Self::Shared(count), LockKind::Shared) => Self::Shared(count + 1),
            _ => return false,
        };
        true
    }

    fn remove(&mut self) {
        *self = match self {
            Self::Shared(count) if *count > 1 => Self::Shared(*count - 1),
            _ => Self::None,
        };
    }
}

impl MemoryStorage {
    /// Bytes of all files.
    pub fn usage(&self) -> u64 {
        let files = self.0.files.borrow();
        files.values().map(|file| file.len() as u64).sum()
    }

    fn open_writer(&self, name: &str) -> Result<MemoryFile> {
        if !self.0.open.borrow_mut().insert(name.to_owned()) {
            return Err(is_open(name));
        }
        let mut files = self.0.files.borrow_mut();
        files.entry(name.to_owned()).or_default();
        Ok(MemoryFile {
            storage: self.clone(),
            name: name.to_owned(),
        })
    }

    fn release(&self, name: &str) {
        if let Some(holders) = self.0.locks.borrow_mut().get_mut(name) {
            holders.remove();
        }
        for waker in self.0.waiting.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
impl MemoryStorage {
    /// All files.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, Rc<Vec<u8>>> {
        self.0.files.borrow().clone()
    }

    /// Replaces all files.
    pub(crate) fn restore(&self, files: BTreeMap<String, Rc<Vec<u8>>>) {
        self.0.files.replace(files);
    }

    /// Changes the bytes of a file, as damage would.
    pub(crate) fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut files = self.0.files.borrow_mut();
        let file = files.get_mut(name).expect("the file exists");
        change(Rc::make_mut(file));
    }
}

fn is_open(name: &str) -> Error {
    Error::Io(format!("'{name}' is open for writing."))
}

impl Storage for MemoryStorage {
    fn open<'a>(
        &'a self,
        name: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<Box<dyn FileReader>>>> {
        let file = self.0.files.borrow().get(name).cloned();
        let reader = file.map(|bytes| Box::new(MemoryReader(bytes)) as Box<dyn FileReader>);
        Box::pin(ready(Ok(reader)))
    }

    fn create<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn FileWriter>>> {
        let file = self.open_writer(name);
        Box::pin(ready(
            file.map(|file| Box::new(file) as Box<dyn FileWriter>),
        ))
    }

    fn remove<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.0.open.borrow().contains(name) {
                return Err(is_open(name));
            }
            self.0.files.borrow_mut().remove(name);
            Ok(())
        })
    }

    fn list(&self) -> LocalBoxFuture<'_, Result<BTreeMap<String, u64>>> {
        let files = self.0.files.borrow();
        let sizes = files
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.len() as u64));
        Box::pin(ready(Ok(sizes.collect())))
    }

    fn lock<'a>(
        &'a self,
        name: &'a str,
        kind: LockKind,
        wait: bool,
    ) -> LocalBoxFuture<'a, Result<Option<Lock>>> {
        Box::pin(poll_fn(move |context| {
            let mut locks = self.0.locks.borrow_mut();
            if locks.entry(name.to_owned()).or_default().add(kind) {
                let (storage, name) = (self.clone(), name.to_owned());
                let lock = Lock::new(move || storage.release(&name));
                return Poll::Ready(Ok(Some(lock)));
            }
            if !wait {
                return Poll::Ready(Ok(None));
            }
            self.0.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        }))
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<Estimate>> {
        Box::pin(ready(None))
    }

    fn is_persistent(&self) -> bool {
        false
    }
}

struct MemoryFile {
    storage: MemoryStorage,
    name: String,
}

impl MemoryFile {
    fn with<R>(&self, change: impl FnOnce(&mut Rc<Vec<u8>>) -> R) -> R {
        let mut files = self.storage.0.files.borrow_mut();
        change(files.entry(self.name.clone()).or_default())
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.storage.0.open.borrow_mut().remove(&self.name);
    }
}

impl FileWriter for MemoryFile {
    fn len(&self) -> Result<u64> {
        Ok(self.with(|file| file.len() as u64))
    }

    fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        Ok(self.with(|file| slice(file, offset, count)))
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.with(|file| {
            let file = Rc::make_mut(file);
            let start = (offset as usize).min(file.len());
            let end = file.len().min(start + bytes.len());
            file.splice(start..end, bytes.iter().copied());
        });
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.with(|file| Rc::make_mut(file).truncate(size as usize));
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

struct MemoryReader(Rc<Vec<u8>>);

impl FileReader for MemoryReader {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, count: usize) -> LocalBoxFuture<'static, Result<Vec<u8>>> {
        Box::pin(ready(Ok(slice(&self.0, offset, count))))
    }
}

fn slice(bytes: &[u8], offset: u64, count: usize) -> Vec<u8> {
    let start = usize::try_from(offset).map_or(bytes.len(), |start| start.min(bytes.len()));
    let end = bytes.len().min(start.saturating_add(count));
    bytes[start..end].to_vec()
}
