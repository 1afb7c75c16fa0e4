//! What a server's answer is.

use std::future::Future;

/// Asks servers; the browser's `fetch`, or a test's idea of it.
pub trait Transport: 'static {
    /// The bytes of its answers.
    type Body: Body + 'static;

    /// GET, of a part of the file if a span is given. The error is what the browser says, without a
    /// full stop: it does not tell a server that is away from one that refuses other sites.
    fn get(
        &self,
        url: &str,
        span: Option<Span>,
    ) -> impl Future<Output = Result<Answer<Self::Body>, String>>;
    /// Waits.
    fn sleep(&self, ms: u32) -> impl Future<Output = ()>;
    /// A number from 0 to 1, another one each time.
    fn random(&self) -> f64;
}

/// The bytes of an answer; dropped, it ends the transfer.
pub trait Body {
    /// The next bytes; `None` at the end. The error says how it broke, without a full stop.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, String>>;
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u64,
    /// The byte after the last; `None` is the file's end.
    pub end: Option<u64>,
}

impl Span {
    /// The value of the `Range` header.
    pub fn header(&self) -> String {
        match self.end {
            Some(end) => format!("bytes={}-{}", self.start, end.saturating_sub(1)),
            None => format!("bytes={}-", self.start),
        }
    }
}

/// An answer, its body not read yet.
#[derive(Debug)]
pub struct Answer<B> {
    /// What stands before the body.
    pub facts: Facts,
    /// The bytes.
    pub body: B,
}

/// What stands before the body. A browser shows headers of other sites only where those allow it,
/// so each may be missing. `Content-Length` is not among them: it counts the compressed bytes where
/// the answer is compressed, and a browser does not always tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `X-Linked-ETag`: the SHA-256 of a large file of Hugging Face.
    pub linked_etag: Option<String>,
    /// `X-Linked-Size`: its bytes.
    pub linked_size: Option<u64>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

impl Facts {
    /// First byte, byte after the last, and bytes of the whole file: of `Content-Range`.
    pub fn range(&self) -> Option<(u64, u64, Option<u64>)> {
        let (range, total) = self.range_parts()?;
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let fits = first <= last && total.is_none_or(|total| last < total);
        fits.then_some((first, last.checked_add(1)?, total))
    }

    /// Bytes of the whole file: of `Content-Range`, also of a refused one.
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
        is_sha256(&hash).then_some(hash)
    }

    /// Servers of single-page apps, and those that want a person to log in, answer with a page.
    pub fn is_page(&self) -> bool {
        let kind = self.content_type.as_deref().unwrap_or_default();
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    }
}

/// A tag without the mark of weakness and its quotes.
pub(super) fn unquoted(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/").trim_matches('"')
}

/// Whether this is 64 hexadecimal digits in lower case.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
