//! One file's bytes, from here or from its server.

use std::pin::Pin;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::weights::cache::ask::{Sink, Want, connect, pointed, wait_for};
use crate::weights::cache::base::Kept;
use crate::weights::cache::folder::{Bytes, File, Folder};
use crate::weights::cache::index::{Index, KeptFile, PIECE, name_of};
use crate::weights::cache::pieces::Check;
use crate::weights::cache::shelf::Shelf;
use crate::weights::download::{Fault, From, Network, News, Transport};

/// What is written may be lost with the power until it is flushed.
const FLUSH_EVERY: u64 = 64 << 20;

/// One file's bytes, in their order.
pub struct Reader<T: Transport, F: Folder> {
    kept: Rc<Kept<T, F>>,
    want: Want,
    from: Origin<T, F>,
    check: Check,
    /// Bytes that came and were not asked for yet, from `at` on.
    chunk: Vec<u8>,
    at: usize,
    /// Bytes that came.
    done: u64,
    over: bool,
}

type Coming = Pin<Box<dyn Future<Output = Result<Vec<u8>>>>>;

enum Origin<T: Transport, F: Folder> {
    Stored {
        file: KeptFile,
        bytes: F::Bytes,
        /// The next piece is on its way while the last one is worked at.
        ahead: Option<Coming>,
    },
    Fetched {
        network: Network<T>,
        sink: Option<Sink<F>>,
        /// So many bytes were stored before.
        stored: u64,
    },
}

impl<T: Transport, F: Folder> Reader<T, F> {
    /// # Errors
    /// `Io` if the file is neither here nor on its server.
    pub(crate) async fn open(kept: Rc<Kept<T, F>>, mut want: Want) -> Result<Self> {
        let name = name_of(&want.url);
        let mut sink = None;
        if let Some(shelf) = kept.shelf().cloned() {
            if let Some(from) = stored(&kept, &shelf, &want).await? {
                return Ok(Self::new(kept, want, from));
            }
            let lock = wait_for(&kept, &shelf, &want, &name).await?;
            // Another tab may have fetched it in the meantime.
            if let Some(from) = stored(&kept, &shelf, &want).await? {
                return Ok(Self::new(kept, want, from));
            }
            match shelf.folder().append(&name).await {
                Ok(file) => {
                    sink = Some(Sink {
                        name: name.clone(),
                        file,
                        flushed: 0,
                        _lock: lock,
                    });
                }
                Err(why) => {
                    kept.out_of_room(0, &why).await;
                }
            }
        }
        if want.sha256.is_none() {
            want.sha256 = pointed(&kept, &want).await?;
        }
        let (network, stored) = connect(&kept, &want, sink.as_mut()).await?;
        if let (Some(shelf), Some(sink)) = (kept.shelf(), &sink) {
            let file = KeptFile {
                name: sink.name.clone(),
                url: want.url.clone(),
                etag: network.etag().map(str::to_owned),
                total: network.total(),
                sha256: None,
                pieces: Vec::new(),
            };
            if let Err(why) = link(shelf, &kept, &want, file).await {
                kept.out_of_room(0, &why).await;
            }
        }
        // All of it lies here, and nobody has seen its hash yet: if it cannot be used, it is doubted.
        if let Some(sink) = sink.as_ref().filter(|_| network.total() == Some(stored)) {
            kept.trusted.borrow_mut().insert(sink.name.clone());
        }
        let from = Origin::Fetched {
            network,
            sink,
            stored,
        };
        Ok(Self::new(kept, want, from))
    }

    fn new(kept: Rc<Kept<T, F>>, want: Want, from: Origin<T, F>) -> Self {
        let pieces = match &from {
            Origin::Stored { file, .. } => file.pieces.clone(),
            Origin::Fetched { .. } => Vec::new(),
        };
        Self {
            kept,
            want,
            from,
            check: Check::new(pieces),
            chunk: Vec::new(),
            at: 0,
            done: 0,
            over: false,
        }
    }

    /// Bytes in all, if that is known for sure.
    pub fn size(&self) -> Option<u64> {
        match &self.from {
            Origin::Stored { bytes, .. } => Some(bytes.size()),
            Origin::Fetched { network, .. } => network.total(),
        }
    }

    /// The next `count` bytes, or fewer if the file ends before. The hash is checked piece by piece
    /// where that of the pieces is known, otherwise at the end of the file.
    ///
    /// # Errors
    /// `Io` if the connection is lost for good or a hash is wrong, `Cancelled`.
    pub async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        let count = usize::try_from(count).map_err(|_| {
            Error::Io(format!(
                "{} has a tensor of {count} bytes, more than a browser tab can hold.",
                self.want.url
            ))
        })?;
        // The count comes from the file's header: memory is asked for as the bytes come.
        let mut bytes = Vec::with_capacity(count.min(16 << 20));
        while bytes.len() < count {
            if self.at == self.chunk.len() && !self.next().await? {
                break;
            }
            let end = self.chunk.len().min(self.at + count - bytes.len());
            bytes.extend(&self.chunk[self.at..end]);
            self.at = end;
        }
        Ok(bytes)
    }

    /// Waits for more; false at the end.
    async fn next(&mut self) -> Result<bool> {
        if self.over {
            return Ok(false);
        }
        self.kept.overseer.between().await?;
        let (chunk, from) = self.more().await?;
        self.at = 0;
        self.chunk = chunk;
        if self.chunk.is_empty() {
            self.over = true;
            self.end().await?;
            return Ok(false);
        }
        if !self.check.add(&self.chunk).await? {
            return Err(self.damaged());
        }
        self.done += self.chunk.len() as u64;
        self.kept.overseer.tell(News::Bytes {
            path: &self.want.path,
            from,
            done: self.done,
            total: self.size().or(self.want.bytes),
        });
        Ok(true)
    }

    /// The next bytes, none at the end, and where they are from.
    async fn more(&mut self) -> Result<(Vec<u8>, From)> {
        match &mut self.from {
            Origin::Stored { bytes, ahead, .. } => {
                let read = |at| -> Coming { Box::pin(bytes.read(at, PIECE as usize)) };
                let coming = ahead.take().unwrap_or_else(|| read(self.done));
                let chunk = coming.await?;
                *ahead = (!chunk.is_empty()).then(|| read(self.done + chunk.len() as u64));
                Ok((chunk, From::Cache))
            }
            Origin::Fetched {
                network,
                sink,
                stored,
            } => {
                if let Some(sink) = sink.as_ref().filter(|_| self.done < *stored) {
                    let left = (*stored - self.done).min(PIECE);
                    let chunk = sink.file.read(self.done, left as usize)?;
                    if chunk.len() as u64 != left {
                        return Err(Error::Io(format!(
                            "What is kept of {} cannot be read to its end. Load the base again.",
                            self.want.url
                        )));
                    }
                    return Ok((chunk, From::Cache));
                }
                let next = self.kept.unless_cancelled(network.chunk()).await?;
                let chunk = next.map_err(|fault| fault.error(&self.want.url))?;
                let Some(chunk) = chunk else {
                    return Ok((Vec::new(), From::Network));
                };
                let missing = network.total().unwrap_or(0).saturating_sub(self.done);
                write(&self.kept, sink, &chunk, missing).await?;
                Ok((chunk, From::Network))
            }
        }
    }

    /// What is kept is not what it was. `Kept::doubt` throws it away, and then it is fetched again.
    fn damaged(&self) -> Error {
        let name = match &self.from {
            Origin::Stored { file, .. } => &file.name,
            Origin::Fetched { .. } => &self.want.path,
        };
        Error::Io(format!(
            "What this browser keeps of {} is damaged ({name}). Load the base again: it is fetched anew.",
            self.want.url
        ))
    }

    /// All bytes have come: are they the right ones?
    async fn end(&mut self) -> Result<()> {
        let computed = self.check.found().await?;
        let shelf = self.kept.shelf().cloned();
        if let Origin::Stored { file, .. } = &self.from
            && (Some(self.done) != file.total
                || computed
                    .as_ref()
                    .is_some_and(|(found, _)| Some(found) != file.sha256.as_ref()))
        {
            return Err(self.damaged());
        }
        let Some((found, pieces)) = computed else {
            return Ok(());
        };
        match &mut self.from {
            Origin::Stored { file, .. } => {
                let file = KeptFile {
                    pieces,
                    ..file.clone()
                };
                if let Some(shelf) = shelf {
                    // The file is right either way; without them its whole is hashed the next time too.
                    let _ = shelf.publish(file).await;
                }
                Ok(())
            }
            Origin::Fetched { network, sink, .. } => {
                let sink = sink.take();
                let expected = self.want.sha256.as_deref().or(network.sha256());
                if let Some(expected) = expected.filter(|expected| **expected != found) {
                    let fault = Fault::Hash {
                        found,
                        expected: expected.to_owned(),
                    };
                    let name = sink.as_ref().map(|sink| sink.name.clone());
                    // Closed first: an open file cannot be removed.
                    drop(sink);
                    if let (Some(shelf), Some(name)) = (shelf, name) {
                        shelf.discard(&name).await?;
                    }
                    return Err(fault.error(&self.want.url));
                }
                let (Some(shelf), Some(mut sink)) = (shelf, sink) else {
                    return Ok(());
                };
                let file = KeptFile {
                    name: sink.name.clone(),
                    url: self.want.url.clone(),
                    etag: network.etag().map(str::to_owned),
                    total: Some(self.done),
                    sha256: Some(found),
                    pieces,
                };
                let published = match sink.file.flush() {
                    Ok(()) => shelf.publish(file).await,
                    failed => failed,
                };
                // The file is right, and only not kept.
                if let Err(why) = published {
                    self.kept.out_of_room(0, &why).await;
                }
                Ok(())
            }
        }
    }
}

/// A whole file that is kept, noted as one of this base's.
async fn stored<T: Transport, F: Folder>(
    kept: &Kept<T, F>,
    shelf: &Shelf<F>,
    want: &Want,
) -> Result<Option<Origin<T, F>>> {
    let index = shelf.index().await?;
    let Some(file) = index.whole(&want.url, want.sha256.as_deref()).cloned() else {
        return Ok(None);
    };
    let bytes = shelf.folder().open(&file.name).await?;
    let Some(bytes) = bytes.filter(|bytes| Some(bytes.size()) == file.total) else {
        // The browser or the person took it away, or a part of it.
        shelf.discard(&file.name).await?;
        return Ok(None);
    };
    if !is_part(&index, kept, want, &file.name) {
        link(shelf, kept, want, file.clone()).await?;
    }
    kept.trusted.borrow_mut().insert(file.name.clone());
    Ok(Some(Origin::Stored {
        file,
        bytes,
        ahead: None,
    }))
}

fn is_part<T: Transport, F: Folder>(
    index: &Index,
    kept: &Kept<T, F>,
    want: &Want,
    name: &str,
) -> bool {
    let parts = index.base(&kept.key).map(|base| base.parts.iter());
    parts.is_some_and(|mut parts| parts.any(|part| part.path == want.path && part.file == name))
}

async fn link<T: Transport, F: Folder>(
    shelf: &Shelf<F>,
    kept: &Kept<T, F>,
    want: &Want,
    file: KeptFile,
) -> Result<()> {
    let now = shelf.folder().now();
    let bytes = kept.bytes();
    shelf
        .change(|index| {
            index.link(&kept.key, &kept.title, &want.path, &file.name);
            let base = index.base_mut(&kept.key, &kept.title);
            base.used = now;
            base.bytes = base.bytes.max(bytes);
            index.put(file);
        })
        .await
}

/// Writes what came. Where that fails for good the file is no longer kept, and goes on coming.
async fn write<T: Transport, F: Folder>(
    kept: &Kept<T, F>,
    sink: &mut Option<Sink<F>>,
    chunk: &[u8],
    missing: u64,
) -> Result<()> {
    let Some(open) = sink else {
        return Ok(());
    };
    let before = open.file.size()?;
    while let Err(why) = open.file.append(chunk) {
        let freed = kept.out_of_room(missing, &why).await;
        // What was written in part is a beginning like any other: a later visit goes on after it.
        if !freed || open.file.size()? != before {
            *sink = None;
            return Ok(());
        }
    }
    let length = before + chunk.len() as u64;
    if length - open.flushed >= FLUSH_EVERY {
        open.file.flush()?;
        open.flushed = length;
    }
    Ok(())
}
