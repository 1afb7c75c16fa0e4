//! What can go wrong with a download.

use crate::error::Error;

/// A failed request. The texts are the browser's, without full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadError {
    /// No response, or one that the browser must not show (CORS).
    Unreachable(String),
    /// The connection broke while bytes came.
    Broken(String),
    /// Timeout.
    Stalled,
    /// Status code of a refusal, and seconds of `Retry-After`.
    Status(u16, Option<u64>),
    /// A web page instead of the file.
    Page,
    /// The server stopped sending ranges.
    NoRanges,
    /// The file is another one than the first part came from.
    Changed,
    /// The file ends at `at`, before its size.
    Truncated { at: u64, total: u64 },
    /// The file on the server has another size than expected.
    Size { found: u64, expected: u64 },
    /// The file has another SHA-256 than expected.
    Hash { found: String, expected: String },
}

impl DownloadError {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Broken(_) | Self::Stalled | Self::Truncated { .. } => true,
            Self::Status(status, _) => matches!(status, 408 | 425 | 429 | 500..),
            _ => false,
        }
    }

    /// A few words for the report of a retry.
    pub fn reason(&self) -> String {
        match self {
            Self::Status(429, _) => "the server has too many requests".into(),
            Self::Status(status, _) => format!("the server answers {status}"),
            Self::Stalled => "nothing came for a while".into(),
            Self::Unreachable(_) => "the server cannot be reached".into(),
            _ => "the connection broke".into(),
        }
    }

    /// The error for the person: what happened, what it means, what to do.
    pub fn to_error(&self, url: &str) -> Error {
        let host = host(url);
        Error::Io(match self {
            Self::Unreachable(why) => format!(
                "{url} cannot be reached ({why}). Either there is no connection, or {host} does not let this page read its files (CORS). Check the network; if other sites work, take the files from another host or put them beside the page."
            ),
            Self::Broken(why) => format!(
                "The connection to {host} broke again and again while {url} was on its way ({why}). What has come is kept: check the network and load the base again, it goes on from there."
            ),
            Self::Stalled => format!(
                "{host} stopped sending {url}, again and again. What has come is kept: check the network and load the base again, it goes on from there."
            ),
            Self::Status(401, _) => format!(
                "{host} wants to know who asks for {url} (it answers 401). The model is gated or private, and this page has no account. Take an open copy of the model, or download it yourself and open the folder from your disk."
            ),
            Self::Status(403, _) => format!(
                "{host} refuses {url} (it answers 403). The model is probably gated: accept its licence on the model's page, download it there and open the folder from your disk, or take an open copy."
            ),
            Self::Status(404 | 410, _) => format!(
                "{host} has no {url} (it answers 404). The file was moved or removed, or the address is wrong. Check the address of the base."
            ),
            Self::Status(429, Some(seconds)) => format!(
                "{host} has had too many requests from your network and asks to wait {} (429). What has come is kept: load the base again then.",
                minutes(*seconds)
            ),
            Self::Status(429, None) => format!(
                "{host} has had too many requests from your network (429), also after some waiting. What has come is kept: load the base again in a few minutes."
            ),
            Self::Status(status @ 500.., _) => format!(
                "{host} has trouble of its own (it answers {url} with {status}), also after some waiting. What has come is kept: load the base again later."
            ),
            Self::Status(status, _) => format!(
                "{host} does not give {url} (it answers {status}). Check the address of the base."
            ),
            Self::Page => format!(
                "{host} answers {url} with a web page, not with the file. The address is wrong, or somebody has to log in first, to the site or to this network. Check the address of the base."
            ),
            Self::NoRanges => {
                format!("{host} gave parts of {url} and then only the whole. Load the base again.")
            }
            Self::Changed => format!(
                "{url} changed on {host} while it was on its way. Load the base again: it begins anew."
            ),
            Self::Truncated { at, total } => format!(
                "{url} ends after {at} of its {total} bytes, again and again. The file is cut on {host}; tell whoever publishes it, or take the base from another host."
            ),
            Self::Size { found, expected } => format!(
                "{url} has {found} bytes on {host}, and should have {expected}. It is another file than the catalogue means; nothing of it was used. Take the base from another host, or tell whoever hosts this page."
            ),
            Self::Hash { found, expected } => format!(
                "{url} is damaged or not the published file: its SHA-256 is {found}, and should be {expected}. It was thrown away. Load the base again; if it happens again, do not trust {host}."
            ),
        })
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn minutes(seconds: u64) -> String {
    match seconds {
        ..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
