//! Files from servers, over connections that break.
//!
//! Weight files are fetched in segments of 1 MiB, four at a time, so a lost connection costs at most
//! their product, 4 MiB. A server that ignores ranges, or refuses the preflight request that they
//! need in a browser, is read as one stream. Broken connections and the status codes 429 and 5xx
//! are retried after growing delays; every other failure is a [`DownloadError`].
//!
//! | file | what it has |
//! |---|---|
//! | `progress` | [`ProgressSink`]: what a download reports, and who may pause or cancel it |
//! | `transport` | [`Transport`]: HTTP requests and responses |
//! | `classify` | what the first response means for the rest of the file |
//! | `retry` | [`RetryPolicy`](retry::RetryPolicy): whether to try again, and after which delay |
//! | `error` | what can go wrong, in words |
//! | `remote` | one request with timeout and retries |
//! | `segments` | parts of a file, several at a time |
//! | `transfer` | [`Download`]: the bytes of one file, in order |
//! | `buffered` | reads of any length from chunks of any length |
//! | `fetch` | the browser's transport |
//! | `http_file` | files beside the app, without retries |

pub(crate) mod buffered;
mod classify;
mod error;
#[cfg(feature = "web")]
mod fetch;
#[cfg(feature = "web")]
pub(crate) mod http_file;
mod progress;
mod remote;
pub(crate) mod retry;
mod segments;
mod transfer;
mod transport;

pub(crate) use classify::{KnownFile, may_resume};
pub(crate) use error::DownloadError;
#[cfg(feature = "web")]
pub use fetch::Fetch;
pub use progress::{ByteSource, Progress, ProgressSink};
pub use remote::Remote;
pub use transfer::Download;
pub use transport::{Body, ByteRange, Response, ResponseHead, Transport};

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
