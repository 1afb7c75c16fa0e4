//! Links that carry a delta.

pub const SHARE_TITLE: &str = "Share";
pub const SHARE_HINT: &str = "A link can carry the whole delta. It stands behind the #, which browsers send to no server: only those who get the link have it.";
pub const SHARE_DEMO: &str =
    "With the prompt and the seed above, so that the link shows that picture";
pub const SHARE: &str = "Share…";
pub const SHARE_FILE: &str = "Share the file…";
pub const MAKE_LINK: &str = "Make a link";
pub const LINK: &str = "Link";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied.";
pub const NOT_COPIED: &str =
    "The browser did not let the page copy it. Select the link and copy it by hand.";
pub const NOT_SHARED: &str =
    "The system did not share it. Copy the link, or download the file and send that.";
pub const HOSTED: &str = "Or the address at which you put the file";
pub const HOSTED_HINT: &str = "Such a link is short. Whoever opens it is asked before the file is fetched, and a changed file is refused.";
pub const QR_LABEL: &str = "The link as a code for a phone's camera";

pub const SHARED_LINK_TITLE: &str = "Somebody sent you a delta";
pub const SHARED_LINK_READING: &str = "Reading it…";
pub const SHARED_LINK_OPEN: &str = "Open it";
pub const SHARED_LINK_FETCH: &str = "Fetch it";
pub const SHARED_LINK_WHAT: &str = "Name";
pub const SHARED_LINK_SUBJECTS: &str = "It knows";
pub const SHARED_LINK_AUTHOR: &str = "Made by";
pub const SHARED_LINK_LICENCE: &str = "Licence";
pub const SHARED_LINK_BASE: &str = "For the base";
pub const SHARED_LINK_DATE: &str = "On";
pub const SHARED_LINK_WORDS: &str = "Description";
pub const SHARED_LINK_DEMO: &str = "It comes with a picture to make:";
pub const SHARED_LINK_HASH: &str = "The link says what the file must be; another one is refused.";
pub const SHARED_LINK_NO_HASH: &str =
    "The link does not say what the file must be, so it may have been changed since.";
pub const LINK_WRONG: &str =
    "The link's address of a delta cannot be read. Ask for the link again, or for the file.";
pub const LINK_INSECURE: &str = "The link's delta lies at an address that is not https, so it was not fetched. Ask for another link, or for the file.";
pub const LINK_UNREACHABLE: &str = "The delta could not be fetched: its site cannot be reached, or does not allow other pages to read it (CORS). Download it there yourself and open the file here.";
pub const LINK_TOO_LARGE: &str = "The file at the link's address is larger than any delta, so it was not taken. Ask for another link.";

/// The question before a delta is fetched from another site.
pub fn shared_link_remote(host: &str) -> String {
    format!(
        "It lies at {host}. Fetching it tells that site your network address and which site this page is on; no cookie, no prompt, no picture."
    )
}

pub fn link_refused(status: u16) -> String {
    format!(
        "The delta could not be fetched: its site answered with {status}. It may have been moved; ask for another link, or for the file."
    )
}

/// The file has another hash than the link says.
pub fn link_hash(expected: &str, found: &str) -> String {
    let short = |hash: &str| hash.chars().take(16).collect::<String>();
    format!(
        "The file is not the one that the link was made for (its SHA-256 begins with {}, but should with {}), so it was not opened. Ask the sender.",
        short(found),
        short(expected)
    )
}

/// The length of a link, and the relative error of rounding the shifts.
pub fn link_note(characters: usize, error: f64) -> String {
    let long = if characters > 4_000 {
        " Some messengers cut links of this length: then send the file."
    } else {
        ""
    };
    format!(
        "{characters} characters. Rounding the shifts to fit lost {:.1} % of them.{long}",
        100.0 * error
    )
}
