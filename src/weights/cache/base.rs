//! One base: its files, wherever they are.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::weights::cache::ask::Want;
use crate::weights::cache::folder::{Bytes, Folder, LockKind};
use crate::weights::cache::index::PIECE;
use crate::weights::cache::reader::Reader;
use crate::weights::cache::shelf::{Shelf, in_use};
use crate::weights::download::{Known, Network, News, Overseer, Remote, Transport};
use crate::weights::hash::hex;

/// Room that is left free for what else the page stores.
const MARGIN: u64 = 64 << 20;

/// Which files a base has, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseFiles {
    /// A folder at this address, with a trailing slash; what is in it shows itself.
    Folder(String),
    /// These files and no others.
    Listed(Vec<ListedFile>),
}

/// A file that is known beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path in the base's folder.
    pub path: String,
    /// Its address.
    pub url: String,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// SHA-256 of its bytes.
    pub sha256: Option<String>,
}

/// What making room came to.
#[derive(Clone, Copy, Debug, Default)]
struct Freed {
    /// Another base went.
    any: bool,
    /// There is room now.
    room: bool,
}

/// A base whose files are kept.
pub struct Kept<T: Transport, F: Folder> {
    pub(crate) transport: Rc<T>,
    /// `None` where this browser keeps nothing.
    shelf: Option<Rc<Shelf<F>>>,
    pub(crate) overseer: Rc<dyn Overseer>,
    /// What it is loaded by, as one text.
    pub(crate) key: String,
    pub(crate) title: String,
    files: BaseFiles,
    /// Nothing more of it is kept: there is no room.
    full: Cell<bool>,
    /// Paths that were read from what is kept, by the files' names.
    pub(crate) trusted: RefCell<BTreeSet<String>>,
    absent: RefCell<BTreeSet<String>>,
    /// Shared by all tabs that have this base loaded.
    _in_use: Option<F::Lock>,
}

/// Two are the same where they are loaded by the same words.
impl<T: Transport, F: Folder> PartialEq for Kept<T, F> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T: Transport, F: Folder> Eq for Kept<T, F> {}

impl<T: Transport, F: Folder> fmt::Debug for Kept<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<T: Transport, F: Folder> Kept<T, F> {
    /// A base of this key; makes room for it. Where nothing can be kept, `shelf` is `None`.
    ///
    /// # Errors
    /// `Io`.
    pub async fn new(
        transport: Rc<T>,
        shelf: Option<Rc<Shelf<F>>>,
        overseer: Rc<dyn Overseer>,
        key: String,
        title: String,
        files: BaseFiles,
    ) -> Result<Rc<Self>> {
        let lock = match &shelf {
            Some(shelf) => {
                let folder = shelf.folder();
                folder.lock(&in_use(&key), LockKind::Shared, true).await?
            }
            None => None,
        };
        let kept = Self {
            transport,
            shelf,
            overseer,
            key,
            title,
            files,
            full: Cell::new(false),
            trusted: RefCell::default(),
            absent: RefCell::default(),
            _in_use: lock,
        };
        kept.make_room().await?;
        Ok(Rc::new(kept))
    }

    /// What it is loaded by, as one text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its name.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where its files are kept, as long as there is room.
    pub(crate) fn shelf(&self) -> Option<&Rc<Shelf<F>>> {
        self.shelf.as_ref().filter(|_| !self.full.get())
    }

    async fn make_room(&self) -> Result<()> {
        let (Some(shelf), BaseFiles::Listed(files)) = (&self.shelf, &self.files) else {
            return Ok(());
        };
        let index = shelf.index().await?;
        let sizes = shelf.folder().sizes().await?;
        let missing = files.iter().filter_map(|file| {
            let bytes = file.bytes?;
            let there = index.whole(&file.url, file.sha256.as_deref()).is_some();
            let stored = sizes
                .get(&crate::weights::cache::index::name_of(&file.url))
                .copied();
            (!there).then(|| bytes.saturating_sub(stored.unwrap_or(0)))
        });
        let missing: u64 = missing.sum();
        if missing > 0 && !self.free(missing.saturating_add(MARGIN)).await?.room {
            self.full.set(true);
            self.overseer.tell(News::Warning(format!(
                "This browser has no room for the {} MB of '{}', so it is not kept and will be fetched again next time. Free some disk space, or remove other models that are kept here.",
                missing.div_ceil(1_000_000),
                self.title
            )));
        }
        Ok(())
    }

    /// Lets other bases go until there is room for so many bytes, and says which went.
    async fn free(&self, bytes: u64) -> Result<Freed> {
        let Some(shelf) = &self.shelf else {
            return Ok(Freed::default());
        };
        let (gone, room) = shelf.make_room(bytes, &self.key).await?;
        if !gone.is_empty() {
            self.overseer.tell(News::Warning(format!(
                "To make room, these models are no longer kept here: {}. They are fetched again when they are needed.",
                gone.join(", ")
            )));
        }
        Ok(Freed {
            any: !gone.is_empty(),
            room,
        })
    }

    /// A file could not be written: whether another attempt is worth it. If not, nothing more of
    /// this base is kept.
    pub(crate) async fn out_of_room(&self, missing: u64, why: &Error) -> bool {
        let freed = self.free(missing.saturating_add(MARGIN)).await;
        if freed.is_ok_and(|freed| freed.any) {
            return true;
        }
        self.full.set(true);
        self.overseer.tell(News::Warning(format!(
            "'{}' cannot be kept in this browser, so it will be fetched again next time. {why}",
            self.title
        )));
        false
    }

    /// Whether there is such a file.
    pub async fn exists(&self, path: &str) -> bool {
        match &self.files {
            BaseFiles::Listed(files) => files.iter().any(|file| file.path == path),
            BaseFiles::Folder(url) => {
                if let Some(known) = self.remembered(path).await {
                    return known;
                }
                let remote = self.remote(format!("{url}{path}"), path);
                let opened = Network::open(remote, 0, Known::default(), false);
                let Ok(opened) = self.unless_cancelled(opened).await else {
                    return false;
                };
                let there = opened.is_ok();
                if !there {
                    self.absent.borrow_mut().insert(path.to_owned());
                }
                there
            }
        }
    }

    /// Whether a file that is not asked for by any config is part of this base.
    pub fn adds(&self, path: &str) -> bool {
        matches!(&self.files, BaseFiles::Listed(files) if files.iter().any(|file| file.path == path))
    }

    async fn remembered(&self, path: &str) -> Option<bool> {
        let index = self.shelf.as_ref()?.index().await.ok()?;
        let base = index.base(&self.key)?;
        let part = base.parts.iter().find(|part| part.path == path);
        if part.is_some() {
            return Some(true);
        }
        (base.whole && base.absent.iter().any(|absent| absent == path)).then_some(false)
    }

    /// Opens a file, from here or from its server.
    ///
    /// # Errors
    /// `Io` if it is neither here nor there.
    pub async fn open(self: &Rc<Self>, path: &str) -> Result<Reader<T, F>> {
        let want = match &self.files {
            BaseFiles::Folder(url) => Want {
                path: path.to_owned(),
                url: format!("{url}{path}"),
                bytes: None,
                sha256: None,
            },
            BaseFiles::Listed(files) => {
                let file = files.iter().find(|file| file.path == path).ok_or_else(|| {
                    Error::Io(format!(
                        "'{}' has no {path} in the catalogue. Whoever hosts this page has to add it there.",
                        self.title
                    ))
                })?;
                Want {
                    path: path.to_owned(),
                    url: file.url.clone(),
                    bytes: file.bytes,
                    sha256: file.sha256.clone(),
                }
            }
        };
        Reader::open(self.clone(), want).await
    }

    /// Waits for something, but no longer than the person does.
    ///
    /// # Errors
    /// `Cancelled`.
    pub(crate) async fn unless_cancelled<V>(&self, wait: impl Future<Output = V>) -> Result<V> {
        match select(pin!(wait), self.overseer.cancelled()).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(_) => Err(Error::Cancelled),
        }
    }

    pub(crate) fn remote(&self, url: String, path: &str) -> Remote<T> {
        Remote {
            transport: self.transport.clone(),
            overseer: self.overseer.clone(),
            url,
            path: path.to_owned(),
        }
    }

    /// Bytes of all files, as far as that is known beforehand.
    pub fn bytes(&self) -> u64 {
        match &self.files {
            BaseFiles::Folder(_) => 0,
            BaseFiles::Listed(files) => files.iter().filter_map(|file| file.bytes).sum(),
        }
    }

    /// Notes that the base was loaded to its end: from now on it needs no network.
    ///
    /// # Errors
    /// `Io`.
    pub async fn loaded(&self) -> Result<()> {
        let Some(shelf) = self.shelf() else {
            return Ok(());
        };
        let now = shelf.folder().now();
        let absent = self.absent.take();
        let bytes = self.bytes();
        shelf
            .change(|index| {
                let sizes: u64 = match index.base(&self.key) {
                    Some(base) => {
                        let files = base.parts.iter().filter_map(|part| index.file(&part.file));
                        files.filter_map(|file| file.total).sum()
                    }
                    None => 0,
                };
                let base = index.base_mut(&self.key, &self.title);
                base.used = now;
                base.whole = true;
                base.bytes = bytes.max(sizes);
                let known: BTreeSet<String> = base.absent.drain(..).chain(absent).collect();
                base.absent = known.into_iter().collect();
            })
            .await
    }

    /// After a failure: checks the files that were read from what is kept, and throws away those
    /// that are damaged. True if there were any, so that another attempt may do better.
    pub async fn doubt(&self) -> bool {
        let Some(shelf) = &self.shelf else {
            return false;
        };
        let trusted = self.trusted.take();
        let mut damaged = false;
        for name in trusted {
            match self.is_right(shelf, &name).await {
                Ok(true) => {}
                Err(Error::Cancelled) => return false,
                _ => damaged |= shelf.discard(&name).await.is_ok(),
            }
        }
        damaged
    }

    async fn is_right(&self, shelf: &Shelf<F>, name: &str) -> Result<bool> {
        let index = shelf.index().await?;
        let Some(sha256) = index.file(name).and_then(|file| file.sha256.clone()) else {
            return Ok(false);
        };
        let Some(bytes) = shelf.folder().open(name).await? else {
            return Ok(false);
        };
        let mut hash = Sha256::new();
        let mut at = 0;
        while at < bytes.size() {
            self.overseer.between().await?;
            let piece = bytes.read(at, PIECE as usize).await?;
            if piece.is_empty() {
                return Ok(false);
            }
            at += piece.len() as u64;
            hash.update(&piece);
        }
        Ok(hex(&hash.finalize()) == sha256)
    }
}
