//! A folder in memory with locks, as several tabs see it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;

use crate::error::{Error, Result};
use crate::weights::cache::folder::{Bytes, File, Folder, LockKind};

#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Holders of each lock; -1 is one that shares with nobody.
    locks: RefCell<BTreeMap<String, i32>>,
    writing: RefCell<Vec<String>>,
    pub(crate) quota: Cell<Option<u64>>,
    /// What the browser says of the room, where that is not true.
    pub(crate) boast: Cell<Option<u64>>,
    clock: Cell<f64>,
}

impl Disk {
    pub(crate) fn usage(&self) -> u64 {
        self.files
            .borrow()
            .values()
            .map(|file| file.len() as u64)
            .sum()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Shared(pub(crate) Rc<Disk>);

impl Folder for Shared {
    type File = Open;
    type Bytes = Vec<u8>;
    type Lock = Held;

    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.files.borrow().get(name).cloned())
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.append(name).await?;
        file.clear()?;
        file.append(bytes)
    }

    async fn remove(&self, name: &str) -> Result<()> {
        if self.0.writing.borrow().iter().any(|open| open == name) {
            return Err(Error::Io(format!("{name} is open")));
        }
        self.0.files.borrow_mut().remove(name);
        Ok(())
    }

    async fn sizes(&self) -> Result<BTreeMap<String, u64>> {
        let files = self.0.files.borrow();
        let sizes = files
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.len() as u64));
        Ok(sizes.collect())
    }

    async fn append(&self, name: &str) -> Result<Open> {
        if self.0.writing.borrow().iter().any(|open| open == name) {
            return Err(Error::Io(format!("{name} is open")));
        }
        self.0.writing.borrow_mut().push(name.to_owned());
        self.0
            .files
            .borrow_mut()
            .entry(name.to_owned())
            .or_default();
        Ok(Open {
            disk: self.0.clone(),
            name: name.to_owned(),
        })
    }

    async fn open(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(name).await
    }

    async fn lock(&self, name: &str, kind: LockKind, wait: bool) -> Result<Option<Held>> {
        poll_fn(|context| {
            let mut locks = self.0.locks.borrow_mut();
            let holders = locks.entry(name.to_owned()).or_default();
            let free = match kind {
                LockKind::Exclusive => *holders == 0,
                LockKind::Shared => *holders >= 0,
            };
            if free {
                *holders += if kind == LockKind::Exclusive { -1 } else { 1 };
                return Poll::Ready(Ok(Some(Held {
                    disk: self.0.clone(),
                    name: name.to_owned(),
                    kind,
                })));
            }
            if !wait {
                return Poll::Ready(Ok(None));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    async fn room(&self) -> Option<(u64, u64)> {
        let quota = self.0.boast.get().or(self.0.quota.get())?;
        Some((self.0.usage(), quota))
    }

    fn now(&self) -> f64 {
        self.0.clock.set(self.0.clock.get() + 1.0);
        self.0.clock.get()
    }
}

pub(crate) struct Held {
    disk: Rc<Disk>,
    name: String,
    kind: LockKind,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut locks = self.disk.locks.borrow_mut();
        if let Some(holders) = locks.get_mut(&self.name) {
            *holders += if self.kind == LockKind::Exclusive {
                1
            } else {
                -1
            };
        }
    }
}

pub(crate) struct Open {
    disk: Rc<Disk>,
    name: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.disk
            .writing
            .borrow_mut()
            .retain(|open| *open != self.name);
    }
}

impl File for Open {
    fn size(&self) -> Result<u64> {
        Ok(self.disk.files.borrow()[&self.name].len() as u64)
    }

    fn read(&self, at: u64, count: usize) -> Result<Vec<u8>> {
        let files = self.disk.files.borrow();
        let file = &files[&self.name];
        let end = file.len().min(at as usize + count);
        Ok(file[at as usize..end].to_vec())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let after = self.disk.usage() + bytes.len() as u64;
        if self.disk.quota.get().is_some_and(|quota| after > quota) {
            return Err(Error::Io("there is no room".into()));
        }
        let mut files = self.disk.files.borrow_mut();
        if let Some(file) = files.get_mut(&self.name) {
            file.extend(bytes);
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        let mut files = self.disk.files.borrow_mut();
        if let Some(file) = files.get_mut(&self.name) {
            file.clear();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Bytes for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(
        &self,
        at: u64,
        count: usize,
    ) -> impl Future<Output = Result<Vec<u8>>> + use<> + 'static {
        let end = self.len().min(at as usize + count);
        ready(Ok(self[at as usize..end].to_vec()))
    }
}
