//! Bases from other sites: fetched once, kept in this browser, the same for every tab.
//!
//! A file is written under its name-to-be while it comes, with no hash in the index; when it is
//! whole and its SHA-256 is right, the index says so, and only then it is read in place of the
//! network. Every later reading holds it against the SHA-256 of its pieces. An interrupted file stays as it is, and
//! its download goes on after it. One tab fetches a file, others wait for it.
//!
//! | file | what it does |
//! |---|---|
//! | `folder` | where files lie, behind a trait |
//! | `opfs` | the browser's private file system |
//! | `index` | what is kept of which base |
//! | `shelf` | folder and index, changed under a lock |
//! | `base` | one base: its files, wherever they are |
//! | `ask` | before a file comes: what is wanted, where to go on |
//! | `pieces` | whether bytes are the right ones |
//! | `reader` | one file's bytes, from here or from its server |

mod ask;
mod base;
mod folder;
mod index;
#[cfg(feature = "web")]
mod opfs;
mod pieces;
mod reader;
mod shelf;

pub use crate::weights::cache::base::{BaseFiles, Kept, ListedFile};
pub use crate::weights::cache::folder::{Bytes, File, Folder, LockKind};
pub use crate::weights::cache::index::{Index, KeptBase, KeptFile, Part};
#[cfg(feature = "web")]
pub use crate::weights::cache::opfs::Opfs;
pub use crate::weights::cache::reader::Reader;
pub use crate::weights::cache::shelf::{Shelf, in_use};

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
