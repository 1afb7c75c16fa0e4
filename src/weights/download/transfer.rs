//! The bytes of one file, in order.

use std::rc::Rc;

use super::classify::{Delivery, KnownFile, classify};
use super::error::DownloadError;
use super::remote::Remote;
use super::retry::RetryPolicy;
use super::segments::{SEGMENT, Segments};
use super::transport::{ByteRange, Response, Transport};

/// A file that is being downloaded.
pub struct Download<T: Transport> {
    remote: Rc<Remote<T>>,
    known: KnownFile,
    policy: RetryPolicy,
    /// Offset in the file of the next byte that is handed out.
    position: u64,
    total: Option<u64>,
    sha256: Option<String>,
    /// Whether the server sent the file's tag.
    tagged: bool,
    mode: Mode<T>,
}

enum Mode<T: Transport> {
    /// Several requests at a time.
    Segments(Segments),
    /// One response, whose first `skip` bytes were handed out before.
    Stream { body: T::Body, skip: u64 },
    /// The connection broke.
    Disconnected,
    /// The file is at its end.
    Done,
}

impl<T: Transport> Download<T> {
    /// Requests a file from byte `start` on. `ranged` files come in segments, others (small ones)
    /// in one response.
    ///
    /// # Errors
    /// The error that is not worth a retry, or the last one of too many.
    pub(crate) async fn open(
        remote: Remote<T>,
        start: u64,
        known: KnownFile,
        ranged: bool,
    ) -> Result<Self, DownloadError> {
        let mut download = Self {
            remote: Rc::new(remote),
            total: known.total,
            known,
            policy: RetryPolicy::default(),
            position: start,
            sha256: None,
            tagged: false,
            mode: Mode::Disconnected,
        };
        download.connect(ranged).await?;
        Ok(download)
    }

    /// Size of the file, if the server told it.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The file's `ETag`.
    pub fn etag(&self) -> Option<&str> {
        self.known.etag.as_deref()
    }

    /// Whether the server sent the tag; one that was known before says nothing of the file now.
    pub fn is_tagged(&self) -> bool {
        self.tagged
    }

    /// The SHA-256 that the server gives for the file.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The error that is not worth a retry, or the last one of too many.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, DownloadError> {
        loop {
            let outcome = match &mut self.mode {
                Mode::Done => return Ok(None),
                Mode::Disconnected => Err(DownloadError::Broken("it was closed".into())),
                Mode::Segments(segments) => segments.next(&self.remote, &self.known).await,
                Mode::Stream { body, skip } => rest_of_stream(&self.remote, body, skip).await,
            };
            match outcome.and_then(|chunk| self.check_size(chunk)) {
                Ok(None) => {
                    self.mode = Mode::Done;
                    return Ok(None);
                }
                Ok(Some(chunk)) => {
                    self.policy.reset();
                    self.position += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                Err(error) => self.recover(error).await?,
            }
        }
    }

    /// Connects again after an error, if that may help.
    async fn recover(&mut self, error: DownloadError) -> Result<(), DownloadError> {
        let segments = matches!(self.mode, Mode::Segments(_));
        self.mode = Mode::Disconnected;
        // A segment has had its own retries; only a server without ranges can be read another way.
        match (segments, error == DownloadError::NoRanges) {
            (true, true) => {}
            (true, false) => return Err(error),
            (false, _) => self.back_off(error).await?,
        }
        self.connect(false).await
    }

    /// An end before the file's size is a broken connection.
    fn check_size(&self, chunk: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, DownloadError> {
        let after = self.position + chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        match self.total {
            Some(total) if after > total => Err(DownloadError::Size {
                found: after,
                expected: total,
            }),
            Some(total) if chunk.is_none() && after < total => {
                Err(DownloadError::Truncated { at: after, total })
            }
            _ => Ok(chunk),
        }
    }

    /// Sends requests from the position on until a response can be used.
    async fn connect(&mut self, mut segments: bool) -> Result<(), DownloadError> {
        if self.total == Some(self.position) && self.position > 0 {
            self.mode = Mode::Done;
            return Ok(());
        }
        let mut whole = false;
        loop {
            let range = self.next_range(segments, whole);
            let response = match self.remote.request(range).await {
                // The preflight of a range may have been refused; without a range there is none.
                Err(DownloadError::Unreachable(_)) if range.is_some() => {
                    whole = true;
                    continue;
                }
                Err(error) => {
                    self.back_off(error).await?;
                    whole = false;
                    continue;
                }
                Ok(response) => response,
            };
            match classify(&response.head, range, &self.known) {
                Err(error) => self.back_off(error).await?,
                Ok(Delivery::AskForRest) => segments = false,
                Ok(Delivery::AskForWhole) => whole = true,
                Ok(delivery) => {
                    self.accept(response, delivery, range);
                    return Ok(());
                }
            }
        }
    }

    /// The range to request next; `None` for the whole file.
    fn next_range(&self, segments: bool, whole: bool) -> Option<ByteRange> {
        let start = self.position;
        let end = start + SEGMENT;
        match (segments, whole) {
            (true, false) => Some(ByteRange {
                start,
                end: Some(self.total.map_or(end, |total| total.min(end))),
            }),
            (false, false) if start > 0 => Some(ByteRange { start, end: None }),
            _ => None,
        }
    }

    /// Takes the file's properties from its first response, and its body.
    fn accept(
        &mut self,
        response: Response<T::Body>,
        delivery: Delivery,
        range: Option<ByteRange>,
    ) {
        let Response { head, body } = response;
        self.tagged |= head.etag.is_some();
        self.sha256 = head.sha256().or(self.sha256.take());
        self.known.etag = head.etag.or(self.known.etag.take());
        match delivery {
            Delivery::Segments { total } => self.total = Some(total),
            Delivery::Rest { total } | Delivery::Whole { total } => self.total = total,
            _ => {}
        }
        self.known.total = self.total;
        let start = self.position;
        self.mode = match delivery {
            Delivery::Segments { total } => {
                let end = range.and_then(|range| range.end).unwrap_or(total);
                let first = (start, end.min(total));
                let segments = Segments::new(&self.remote, &self.known, first, total, body);
                Mode::Segments(segments)
            }
            Delivery::Rest { .. } => Mode::Stream { body, skip: 0 },
            Delivery::Whole { .. } => Mode::Stream { body, skip: start },
            Delivery::Nothing | Delivery::AskForRest | Delivery::AskForWhole => Mode::Done,
        };
    }

    async fn back_off(&mut self, error: DownloadError) -> Result<(), DownloadError> {
        self.remote.back_off(&mut self.policy, error).await
    }
}

/// The next bytes of a stream that were not handed out before.
async fn rest_of_stream<T: Transport>(
    remote: &Remote<T>,
    body: &mut T::Body,
    skip: &mut u64,
) -> Result<Option<Vec<u8>>, DownloadError> {
    loop {
        let Some(mut chunk) = remote.chunk(body).await? else {
            if *skip > 0 {
                return Err(DownloadError::Broken("it ended early".into()));
            }
            return Ok(None);
        };
        let drop = (*skip).min(chunk.len() as u64);
        *skip -= drop;
        chunk.drain(..drop as usize);
        if !chunk.is_empty() {
            return Ok(Some(chunk));
        }
    }
}
