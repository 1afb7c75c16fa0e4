//! HTTP requests and responses (RFC 9110).

use std::future::Future;

use crate::sha256;

/// Sends requests: the browser's `fetch`, or a fake server in tests.
pub trait Transport: 'static {
    /// Bodies of its responses.
    type Body: Body + 'static;

    /// GET, with a `Range` header if a range is given. The error is the browser's text, without full
    /// stop: it is the same for a server that is down and for one that refuses other sites.
    fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
    ) -> impl Future<Output = Result<Response<Self::Body>, String>>;
    /// Waits for `ms` milliseconds.
    fn sleep(&self, ms: u32) -> impl Future<Output = ()>;
    /// A random number from 0 to 1.
    fn random(&self) -> f64;
}

/// The body of a response; dropping it ends the transfer.
pub trait Body {
    /// The next bytes; `None` at the end. The error is the browser's text, without full stop.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, String>>;
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// One past the last byte; `None` for the end of the file.
    pub end: Option<u64>,
}

impl ByteRange {
    /// The value of the `Range` header.
    pub fn header(&self) -> String {
        match self.end {
            Some(end) => format!("bytes={}-{}", self.start, end.saturating_sub(1)),
            None => format!("bytes={}-", self.start),
        }
    }
}

/// A response whose body was not read yet.
#[derive(Debug)]
pub struct Response<B> {
    /// Status and headers.
    pub head: ResponseHead,
    /// The body.
    pub body: B,
}

/// Status and headers. A browser shows headers of other sites only with their permission, so each may
/// be missing. `Content-Length` is not used: for a compressed response it counts compressed bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `X-Linked-ETag`: SHA-256 of a large file on Hugging Face.
    pub linked_etag: Option<String>,
    /// `X-Linked-Size`: size of such a file in bytes.
    pub linked_size: Option<u64>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

impl ResponseHead {
    /// First byte, one past the last, and size of the whole file, from `Content-Range`.
    pub fn range(&self) -> Option<(u64, u64, Option<u64>)> {
        let (range, total) = self.range_parts()?;
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let fits = first <= last && total.is_none_or(|total| last < total);
        fits.then_some((first, last.checked_add(1)?, total))
    }

    /// Size of the whole file, from `Content-Range`, also of a 416 response.
    pub fn range_total(&self) -> Option<u64> {
        self.range_parts()?.1
    }

    fn range_parts(&self) -> Option<(&str, Option<u64>)> {
        let value = self.content_range.as_deref()?.trim();
        let (range, total) = value.strip_prefix("bytes")?.trim().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        Some((range.trim(), total))
    }

    /// The SHA-256 that the server gives for the file, in lower case.
    pub fn sha256(&self) -> Option<String> {
        let hash = unquoted(self.linked_etag.as_deref()?).to_ascii_lowercase();
        sha256::is_hex_digest(&hash).then_some(hash)
    }

    /// Whether this is a web page: servers of single-page apps and log-in portals send one for every
    /// address.
    pub fn is_page(&self) -> bool {
        let kind = self.content_type.as_deref().unwrap_or_default();
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    }
}

/// A tag without its weakness mark and quotes.
pub(super) fn unquoted(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/").trim_matches('"')
}
