//! A file from a server, in its order, whatever the connection does.
//!
//! Weight files come in segments of [`SEGMENT`] bytes, [`CONNECTIONS`] at a time, so a cut loses at
//! most their product, 4 MiB. A server that ignores ranges, or refuses the preflight that they need
//! in a browser, is read as one stream. Broken connections, `429` and `5xx` are tried again with
//! growing pauses; whatever else goes wrong is a [`Fault`] with words of its own.
//!
//! | file | what it does |
//! |---|---|
//! | `transport` | what a server's answer is, behind a trait |
//! | `decide` | what to make of the first answer |
//! | `patience` | when to try again, and after how long |
//! | `fault` | what can go wrong, in words |
//! | `network` | the bytes of one file, in order |
//! | `fetch` | the browser's transport |

mod decide;
mod fault;
#[cfg(feature = "web")]
mod fetch;
#[cfg(feature = "web")]
pub(crate) mod http;
mod network;
mod patience;
mod transport;

pub(crate) use decide::{Known, may_resume};
pub(crate) use fault::Fault;
#[cfg(feature = "web")]
pub use fetch::Browser;
pub use network::{Network, Remote};
pub(crate) use transport::is_sha256;
pub use transport::{Answer, Body, Facts, Span, Transport};

use std::future::Future;
use std::pin::Pin;

use crate::error::Result;

/// Bytes asked for in one request.
pub const SEGMENT: u64 = 1 << 20;
/// Requests under way at a time.
pub const CONNECTIONS: usize = 4;

/// Whoever waits for a download: may hold it, end it, and hears of it.
pub trait Overseer {
    /// Between two pieces: returns when the work may go on.
    ///
    /// # Errors
    /// `Cancelled` when it is to end.
    fn between(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>>;
    /// Returns when the work is to end, and never otherwise.
    fn cancelled(&self) -> Pin<Box<dyn Future<Output = ()> + '_>>;
    /// Takes news in.
    fn tell(&self, news: News<'_>);
}

/// What is told of a download.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum News<'a> {
    /// `done` bytes of the file at `path` are there, of `total` if that is known.
    Bytes {
        path: &'a str,
        from: From,
        done: u64,
        total: Option<u64>,
    },
    /// It is tried again after so many milliseconds.
    Retry {
        path: &'a str,
        reason: String,
        after_ms: u32,
    },
    /// Something to know that stops nothing.
    Warning(String),
}

/// Where bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// What is kept here.
    Cache,
    /// The network.
    Network,
    /// Nowhere yet: another tab fetches them.
    OtherTab,
    /// A file that the person chose from their disk.
    Disk,
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
