//! What the first response means for the rest of the file (RFC 9110, section 14).

use super::error::DownloadError;
use super::retry::retry_after;
use super::transport::{ByteRange, ResponseHead, unquoted};

/// What is known of a file before it is requested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownFile {
    /// Its `ETag` when its first part was stored.
    pub etag: Option<String>,
    /// Its size in bytes.
    pub total: Option<u64>,
}

/// How the bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The response is the first segment of a file of `total` bytes.
    Segments { total: u64 },
    /// The response is the rest of the file, from the start of the range.
    Rest { total: Option<u64> },
    /// The response is the file from its first byte.
    Whole { total: Option<u64> },
    /// There is nothing left to download.
    Nothing,
    /// Request the rest of the file: the server sends ranges but not the size.
    AskForRest,
    /// Request without a range: the server sent another part than requested.
    AskForWhole,
}

/// Classifies a response to a request for `range`.
///
/// # Errors
/// The failure that the response reports, or the difference from the known file.
pub fn classify(
    head: &ResponseHead,
    range: Option<ByteRange>,
    known: &KnownFile,
) -> Result<Delivery, DownloadError> {
    let start = range.map_or(0, |range| range.start);
    if head.status == 416 {
        return match (head.range_total().or(known.total), known.total) {
            (Some(found), Some(expected)) if found != expected => {
                Err(DownloadError::Size { found, expected })
            }
            (Some(total), _) if total == start => Ok(Delivery::Nothing),
            _ => Err(DownloadError::Changed),
        };
    }
    if !matches!(head.status, 200 | 206) {
        let wait = retry_after(head.retry_after.as_deref());
        return Err(DownloadError::Status(head.status, wait));
    }
    if head.is_page() {
        return Err(DownloadError::Page);
    }
    check_same_file(head, known)?;
    let total = head.range_total().or(head.linked_size).or(known.total);
    if let (Some(found), Some(expected)) = (total, known.total)
        && found != expected
    {
        return Err(DownloadError::Size { found, expected });
    }
    match (head.status, range) {
        (206, Some(range)) => match (head.range(), range.end, total) {
            (Some((found, ..)), ..) if found != start => Ok(Delivery::AskForWhole),
            (_, Some(_), Some(total)) => Ok(Delivery::Segments { total }),
            (_, Some(_), None) => Ok(Delivery::AskForRest),
            (_, None, total) => Ok(Delivery::Rest { total }),
        },
        _ => Ok(Delivery::Whole { total }),
    }
}

/// Compares the tags of a response and of the known file.
///
/// # Errors
/// `Changed`.
pub fn check_same_file(head: &ResponseHead, known: &KnownFile) -> Result<(), DownloadError> {
    match (&head.etag, &known.etag) {
        (Some(now), Some(before)) if unquoted(now) != unquoted(before) => {
            Err(DownloadError::Changed)
        }
        _ => Ok(()),
    }
}

/// Whether a partial file may be continued: its tag or its hash must show whether the file changed in
/// between.
pub fn may_resume(known: &KnownFile, sha256: Option<&str>) -> bool {
    known.etag.is_some() || sha256.is_some()
}
