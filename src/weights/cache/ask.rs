//! Before a file comes: what is wanted, the right to write it, where to go on, its hash.

use crate::error::Result;
use crate::weights::cache::base::Kept;
use crate::weights::cache::folder::{File, Folder, LockKind};
use crate::weights::cache::shelf::Shelf;
use crate::weights::download::{
    Fault, From, Known, Network, News, Transport, is_sha256, may_resume,
};

/// A pointer to a large file has three short lines.
const MAX_POINTER: usize = 1_024;

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) path: String,
    pub(crate) url: String,
    pub(crate) bytes: Option<u64>,
    pub(crate) sha256: Option<String>,
}

impl Want {
    /// Small files come whole: a range would only cost a preflight.
    pub(crate) fn ranged(&self) -> bool {
        self.path.ends_with(".safetensors")
    }
}

/// Where a file is written while it comes.
pub(crate) struct Sink<F: Folder> {
    pub(crate) name: String,
    pub(crate) file: F::File,
    pub(crate) flushed: u64,
    pub(crate) _lock: F::Lock,
}

/// The right to write a file; while another tab has it, this one waits.
pub(crate) async fn wait_for<T: Transport, F: Folder>(
    kept: &Kept<T, F>,
    shelf: &Shelf<F>,
    want: &Want,
    name: &str,
) -> Result<F::Lock> {
    let name = format!("file {name}");
    let folder = shelf.folder();
    if let Some(lock) = folder.lock(&name, LockKind::Exclusive, false).await? {
        return Ok(lock);
    }
    kept.overseer.tell(News::Bytes {
        path: &want.path,
        from: From::OtherTab,
        done: 0,
        total: want.bytes,
    });
    kept.unless_cancelled(shelf.lock(&name)).await?
}

/// Asks the server, from where the stored beginning ends if that may be gone on with.
pub(crate) async fn connect<T: Transport, F: Folder>(
    kept: &Kept<T, F>,
    want: &Want,
    mut sink: Option<&mut Sink<F>>,
) -> Result<(Network<T>, u64)> {
    let mut known = Known {
        etag: None,
        total: want.bytes,
    };
    let mut from = 0;
    if let (Some(shelf), Some(sink)) = (kept.shelf(), sink.as_deref_mut()) {
        let index = shelf.index().await?;
        let before = index.file(&sink.name).filter(|file| file.url == want.url);
        known.etag = before.and_then(|file| file.etag.clone());
        known.total = want.bytes.or(before.and_then(|file| file.total));
        from = sink.file.size()?;
        let fits = known.total.is_none_or(|total| from <= total);
        if before.is_none() || !fits || !may_resume(&known, want.sha256.as_deref()) {
            from = 0;
        }
        if from == 0 {
            sink.file.clear()?;
        }
    }
    loop {
        let remote = kept.remote(want.url.clone(), &want.path);
        let opened = Network::open(remote, from, known.clone(), want.ranged());
        match kept.unless_cancelled(opened).await? {
            // Nothing tells whether this is the file that the beginning is of.
            Ok(network) if from > 0 && want.sha256.is_none() && !network.is_tagged() => {}
            Ok(network) => return Ok((network, from)),
            // The stored beginning is of a file that is gone.
            Err(Fault::Changed) if from > 0 => {}
            Err(Fault::Size { .. }) if from > 0 && want.bytes.is_none() => {}
            Err(fault) => return Err(fault.error(&want.url)),
        }
        if let Some(sink) = sink.as_deref_mut() {
            sink.file.clear()?;
        }
        from = 0;
        known = Known {
            etag: None,
            total: want.bytes,
        };
    }
}

/// The SHA-256 in Hugging Face's pointer to a large file: at the address of the file itself,
/// `/resolve/`, a browser does not get to see it, at `/raw/` it is what comes.
pub(crate) async fn pointed<T: Transport, F: Folder>(
    kept: &Kept<T, F>,
    want: &Want,
) -> Result<Option<String>> {
    if !want.ranged() || !want.url.contains("/resolve/") {
        return Ok(None);
    }
    let remote = kept.remote(want.url.replacen("/resolve/", "/raw/", 1), &want.path);
    let text = async {
        let mut network = Network::open(remote, 0, Known::default(), false).await?;
        let mut text = Vec::new();
        while text.len() <= MAX_POINTER
            && let Some(chunk) = network.chunk().await?
        {
            text.extend(chunk);
        }
        Ok::<_, Fault>(text)
    };
    // A help that is not there: the file itself tells what is wrong.
    let text = kept.unless_cancelled(text).await?;
    Ok(text.ok().and_then(|text| pointer(&text)))
}

fn pointer(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (first, _) = text.split_once('\n')?;
    if text.len() > MAX_POINTER || !first.starts_with("version https://git-lfs.github.com/spec/") {
        return None;
    }
    let hash = text
        .lines()
        .find_map(|line| line.strip_prefix("oid sha256:"))?;
    is_sha256(hash).then(|| hash.to_owned())
}
