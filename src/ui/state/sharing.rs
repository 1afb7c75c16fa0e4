//! What the page knows of links and of this browser's storage.

use std::sync::Arc;

use crate::ui::sharing::link::Demo;
use crate::worker::protocol::DeltaSummary;

/// A delta that a link brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// It is being read, or fetched.
    Reading(Demo),
    /// It lies on another site, and was not fetched yet.
    Elsewhere {
        /// Its address.
        url: String,
        /// The site.
        host: String,
        /// The file's hash; empty if the link does not say.
        sha256: String,
        /// A picture to make with it.
        demo: Demo,
    },
    /// It is here, and was not opened yet.
    Here {
        /// What it says of itself; untrusted.
        summary: Box<DeltaSummary>,
        /// A name for its file.
        file_name: String,
        /// Its file.
        file: Arc<Vec<u8>>,
        /// A picture to make with it.
        demo: Demo,
    },
}

/// A delta as the text of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// The delta's id.
    pub id: String,
    /// The text.
    pub text: String,
    /// What rounding lost, as a share.
    pub error: f64,
}

/// What is known of this browser's room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Room {
    /// Not asked yet.
    Unknown,
    /// It keeps nothing.
    Nothing,
    /// In bytes.
    Known {
        /// In use.
        used: f64,
        /// At most.
        quota: f64,
        /// It is never cleared by the browser alone.
        persisted: bool,
    },
}
