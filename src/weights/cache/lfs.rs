//! SHA-256 of a file from its Git LFS pointer on Hugging Face.
//!
//! The address of the file itself, `/resolve/`, does not show its hash to a browser; at `/raw/` the
//! server sends the pointer
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).

use crate::error::Result;
use crate::sha256::is_hex_digest;
use crate::weights::cache::context::Context;
use crate::weights::cache::partial::FileRequest;
use crate::weights::download::{Download, DownloadError, KnownFile, Transport};

/// A pointer has three short lines.
const MAX_POINTER: usize = 1_024;

/// The hash in the pointer; `None` if there is no pointer.
///
/// # Errors
/// `Cancelled`.
pub(super) async fn sha256<T: Transport>(
    context: &Context<T>,
    request: &FileRequest,
) -> Result<Option<String>> {
    if !request.is_ranged() || !request.url.contains("/resolve/") {
        return Ok(None);
    }
    let url = request.url.replacen("/resolve/", "/raw/", 1);
    let remote = context.remote(url, &request.path);
    let text = async {
        let mut download = Download::open(remote, 0, KnownFile::default(), false).await?;
        let mut text = Vec::new();
        while text.len() <= MAX_POINTER
            && let Some(chunk) = download.chunk().await?
        {
            text.extend(chunk);
        }
        Ok::<_, DownloadError>(text)
    };
    // If the pointer cannot be read, the request for the file itself reports why.
    let text = context.unless_cancelled(text).await?;
    Ok(text.ok().and_then(|text| parse(&text)))
}

fn parse(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (first, _) = text.split_once('\n')?;
    if text.len() > MAX_POINTER || !first.starts_with("version https://git-lfs.github.com/spec/") {
        return None;
    }
    let hash = text
        .lines()
        .find_map(|line| line.strip_prefix("oid sha256:"))?;
    is_hex_digest(hash).then(|| hash.to_owned())
}
