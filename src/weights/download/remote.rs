//! A file on a server, and single requests for it.

use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::error::DownloadError;
use super::progress::{Progress, ProgressSink};
use super::retry::RetryPolicy;
use super::transport::{Body, ByteRange, Response, Transport};

/// Silence after which a connection is given up.
const TIMEOUT_MS: u32 = 30_000;

/// One file on a server.
pub struct Remote<T> {
    /// Sends requests.
    pub transport: Rc<T>,
    /// Gets reports on retries.
    pub progress: Rc<dyn ProgressSink>,
    /// Its address.
    pub url: String,
    /// Its path in the base model, for reports.
    pub path: String,
}

impl<T: Transport> Remote<T> {
    /// Requests the file or a part of it.
    ///
    /// # Errors
    /// `Unreachable`, `Stalled`.
    pub(super) async fn request(
        &self,
        range: Option<ByteRange>,
    ) -> Result<Response<T::Body>, DownloadError> {
        let response = self.transport.get(&self.url, range);
        let response = self.with_timeout(response).await?;
        response.map_err(DownloadError::Unreachable)
    }

    /// The next chunk of a response; `None` at its end.
    ///
    /// # Errors
    /// `Broken`, `Stalled`.
    pub(super) async fn chunk(&self, body: &mut T::Body) -> Result<Option<Vec<u8>>, DownloadError> {
        let chunk = self.with_timeout(body.chunk()).await?;
        chunk.map_err(DownloadError::Broken)
    }

    async fn with_timeout<V>(&self, work: impl Future<Output = V>) -> Result<V, DownloadError> {
        let timeout = pin!(self.transport.sleep(TIMEOUT_MS));
        match select(pin!(work), timeout).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(_) => Err(DownloadError::Stalled),
        }
    }

    /// Waits before another attempt.
    ///
    /// # Errors
    /// `error` itself if there is to be no other attempt.
    pub(super) async fn back_off(
        &self,
        policy: &mut RetryPolicy,
        error: DownloadError,
    ) -> Result<(), DownloadError> {
        let random = self.transport.random();
        let Some(after_ms) = policy.next_delay(&error, random) else {
            return Err(error);
        };
        self.progress.report(Progress::Retry {
            path: &self.path,
            reason: error.reason(),
            after_ms,
        });
        self.transport.sleep(after_ms).await;
        Ok(())
    }
}
