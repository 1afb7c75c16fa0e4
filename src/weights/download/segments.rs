//! A file in segments, several at a time.

use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesOrdered;

use super::classify::{KnownFile, check_same_file, classify};
use super::error::DownloadError;
use super::remote::Remote;
use super::retry::RetryPolicy;
use super::transport::{ByteRange, ResponseHead, Transport};

/// Bytes of one request.
pub(super) const SEGMENT: u64 = 1 << 20;
/// Requests under way at a time.
const CONNECTIONS: usize = 4;

/// Segments under way, in their order.
pub(super) struct Segments {
    under_way: FuturesOrdered<LocalBoxFuture<'static, Result<Vec<u8>, DownloadError>>>,
    /// Where the next segment begins.
    next: u64,
    total: u64,
}

impl Segments {
    /// From `start` on; `body` is the response for the bytes up to `end`.
    pub(super) fn new<T: Transport>(
        remote: &Rc<Remote<T>>,
        known: &KnownFile,
        (start, end): (u64, u64),
        total: u64,
        body: T::Body,
    ) -> Self {
        let first = segment(remote.clone(), known.clone(), start, end, Some(body));
        let mut under_way = FuturesOrdered::new();
        under_way.push_back(Box::pin(first) as LocalBoxFuture<'static, _>);
        Self {
            under_way,
            next: end,
            total,
        }
    }

    /// The next segment; `None` at the end. Starts further ones.
    ///
    /// # Errors
    /// Those of [`segment`].
    pub(super) async fn next<T: Transport>(
        &mut self,
        remote: &Rc<Remote<T>>,
        known: &KnownFile,
    ) -> Result<Option<Vec<u8>>, DownloadError> {
        while self.next < self.total && self.under_way.len() < CONNECTIONS {
            let end = self.total.min(self.next + SEGMENT);
            let next = segment(remote.clone(), known.clone(), self.next, end, None);
            self.under_way.push_back(Box::pin(next));
            self.next = end;
        }
        self.under_way.next().await.transpose()
    }
}

/// The bytes of one segment. After a broken connection only the missing ones are requested again.
///
/// # Errors
/// The last error, after all retries.
async fn segment<T: Transport>(
    remote: Rc<Remote<T>>,
    known: KnownFile,
    start: u64,
    end: u64,
    mut body: Option<T::Body>,
) -> Result<Vec<u8>, DownloadError> {
    let mut bytes = Vec::with_capacity((end - start) as usize);
    let mut policy = RetryPolicy::default();
    // The first response of the file has come before.
    policy.reset();
    loop {
        let before = bytes.len();
        let outcome = complete(&remote, &known, (start, end), body.take(), &mut bytes).await;
        if bytes.len() > before {
            policy.reset();
        }
        match outcome {
            Ok(()) => return Ok(bytes),
            Err(error) => remote.back_off(&mut policy, error).await?,
        }
    }
}

/// Appends the missing bytes of a segment, from `body` or from a new request.
async fn complete<T: Transport>(
    remote: &Remote<T>,
    known: &KnownFile,
    (start, end): (u64, u64),
    body: Option<T::Body>,
    bytes: &mut Vec<u8>,
) -> Result<(), DownloadError> {
    let wanted = (end - start) as usize;
    let mut body = match body {
        Some(body) => body,
        None => {
            let range = ByteRange {
                start: start + bytes.len() as u64,
                end: Some(end),
            };
            let response = remote.request(Some(range)).await?;
            check_part(&response.head, range, known)?;
            response.body
        }
    };
    while bytes.len() < wanted {
        match remote.chunk(&mut body).await? {
            Some(chunk) => bytes.extend(chunk),
            None => return Err(DownloadError::Broken("it ended early".into())),
        }
    }
    bytes.truncate(wanted);
    Ok(())
}

/// Whether a response is the part that was requested.
fn check_part(
    head: &ResponseHead,
    range: ByteRange,
    known: &KnownFile,
) -> Result<(), DownloadError> {
    if head.status == 206 {
        check_same_file(head, known)?;
        return match head.range() {
            Some((start, ..)) if start != range.start => Err(DownloadError::NoRanges),
            _ => Ok(()),
        };
    }
    classify(head, Some(range), known)?;
    Err(DownloadError::NoRanges)
}
