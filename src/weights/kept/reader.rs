//! One file's bytes, from here or from its server.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::ask::{Sink, Want, connect, pointed, wait_for};
use super::base::Kept;
use super::folder::{Bytes, File, Folder};
use super::index::{Index, KeptFile, name_of};
use super::shelf::Shelf;
use crate::error::{Error, Result};
use crate::weights::download::{Fault, From, Network, News, Transport};
use crate::weights::hash::hex;

/// Bytes read at a time of what is kept.
const PIECE: usize = 4 << 20;
/// What is written may be lost with the power until it is flushed.
const FLUSH_EVERY: u64 = 64 << 20;

/// One file's bytes, in their order.
pub struct Reader<T: Transport, F: Folder> {
    kept: Rc<Kept<T, F>>,
    want: Want,
    from: Origin<T, F>,
    hash: Sha256,
    /// Bytes that came and were not asked for yet, from `at` on.
    chunk: Vec<u8>,
    at: usize,
    /// Bytes that came.
    done: u64,
    over: bool,
}

enum Origin<T: Transport, F: Folder> {
    Stored {
        name: String,
        bytes: F::Bytes,
        sha256: String,
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
    pub(super) async fn open(kept: Rc<Kept<T, F>>, mut want: Want) -> Result<Self> {
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
        Self {
            kept,
            want,
            from,
            hash: Sha256::new(),
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

    /// The next `count` bytes, or fewer if the file ends before. At the end the file's hash is
    /// checked.
    ///
    /// # Errors
    /// `Io` if the connection is lost for good or the hash is wrong, `Cancelled`.
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
        self.hash.update(&self.chunk);
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
            Origin::Stored { bytes, .. } => Ok((bytes.read(self.done, PIECE).await?, From::Cache)),
            Origin::Fetched {
                network,
                sink,
                stored,
            } => {
                if let Some(sink) = sink.as_ref().filter(|_| self.done < *stored) {
                    let left = (*stored - self.done).min(PIECE as u64);
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

    /// All bytes have come: are they the right ones?
    async fn end(&mut self) -> Result<()> {
        let found = hex(&self.hash.clone().finalize());
        let shelf = self.kept.shelf().cloned();
        match &mut self.from {
            Origin::Stored {
                name,
                bytes,
                sha256,
            } => {
                if self.done == bytes.size() && found == *sha256 {
                    return Ok(());
                }
                // `Kept::doubt` throws it away, and then it is fetched again.
                Err(Error::Io(format!(
                    "What this browser keeps of {} is damaged ({name}). Load the base again: it is fetched anew.",
                    self.want.url
                )))
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
    let (Some(sha256), Some(total)) = (file.sha256.clone(), file.total) else {
        return Ok(None);
    };
    let bytes = shelf.folder().open(&file.name).await?;
    let Some(bytes) = bytes.filter(|bytes| bytes.size() == total) else {
        // The browser or the person took it away, or a part of it.
        shelf.discard(&file.name).await?;
        return Ok(None);
    };
    if !is_part(&index, kept, want, &file.name) {
        link(shelf, kept, want, file.clone()).await?;
    }
    kept.trusted.borrow_mut().insert(file.name.clone());
    Ok(Some(Origin::Stored {
        name: file.name,
        bytes,
        sha256,
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
