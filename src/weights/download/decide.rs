//! What to make of the first answer.

use super::fault::Fault;
use super::patience::retry_after;
use super::transport::{Facts, Span, unquoted};

/// What is known of a file before it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its tag when its beginning was stored.
    pub etag: Option<String>,
    /// Its bytes.
    pub total: Option<u64>,
}

/// How the bytes will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The answer is the first segment of a file of so many bytes.
    Segments { total: u64 },
    /// The answer is everything from where it was asked for.
    Rest { total: Option<u64> },
    /// The answer is the file from its first byte.
    Whole { total: Option<u64> },
    /// There is nothing left to fetch.
    Nothing,
    /// To be asked again for everything from here on: the server gives parts but not the size.
    AskForRest,
    /// To be asked again without a range: the server gave another part than was asked for.
    AskForWhole,
}

/// Looks at an answer to a request for `span`.
///
/// # Errors
/// What the answer says is wrong.
pub fn decide(facts: &Facts, span: Option<Span>, known: &Known) -> Result<Way, Fault> {
    let from = span.map_or(0, |span| span.start);
    if facts.status == 416 {
        return match (facts.range_total().or(known.total), known.total) {
            (Some(found), Some(expected)) if found != expected => {
                Err(Fault::Size { found, expected })
            }
            (Some(total), _) if total == from => Ok(Way::Nothing),
            _ => Err(Fault::Changed),
        };
    }
    if !matches!(facts.status, 200 | 206) {
        let wait = retry_after(facts.retry_after.as_deref());
        return Err(Fault::Status(facts.status, wait));
    }
    if facts.is_page() {
        return Err(Fault::Page);
    }
    same_file(facts, known)?;
    let total = facts.range_total().or(facts.linked_size).or(known.total);
    if let (Some(found), Some(expected)) = (total, known.total)
        && found != expected
    {
        return Err(Fault::Size { found, expected });
    }
    match (facts.status, span) {
        (206, Some(span)) => match (facts.range(), span.end, total) {
            (Some((start, ..)), ..) if start != from => Ok(Way::AskForWhole),
            (_, Some(_), Some(total)) => Ok(Way::Segments { total }),
            (_, Some(_), None) => Ok(Way::AskForRest),
            (_, None, total) => Ok(Way::Rest { total }),
        },
        _ => Ok(Way::Whole { total }),
    }
}

/// Whether an answer is of the file that is known.
///
/// # Errors
/// `Changed`.
pub fn same_file(facts: &Facts, known: &Known) -> Result<(), Fault> {
    match (&facts.etag, &known.etag) {
        (Some(now), Some(before)) if unquoted(now) != unquoted(before) => Err(Fault::Changed),
        _ => Ok(()),
    }
}

/// Whether a stored beginning may be gone on with: something must be able to tell a file that
/// changed in between, its tag or its hash.
pub fn may_resume(known: &Known, sha256: Option<&str>) -> bool {
    known.etag.is_some() || sha256.is_some()
}
