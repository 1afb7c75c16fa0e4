//! Base models from other sites: downloaded once, stored in this browser, shared by all tabs.
//!
//! A file is written under its final name while it is downloaded, and has no hash in the index until
//! it is complete and its SHA-256 is verified; only then is it read instead of downloaded. Every
//! later read verifies the SHA-256 of its pieces. An interrupted download continues where it
//! stopped. If several tabs need a file, one downloads it and the others wait.
//!
//! | file | what it has |
//! |---|---|
//! | `index` | [`Index`]: which files of which base models are stored |
//! | `model_cache` | [`ModelCache`]: storage and index, changed under a lock |
//! | `context` | what the files of one base model share while it is loaded |
//! | `partial` | a file that is not complete yet: its lock, and where to continue |
//! | `lfs` | hashes from Git LFS pointers |
//! | `verifier` | [`Verifier`](verifier::Verifier): hashes of a file and its pieces |
//! | `reader` | [`CacheReader`]: one file, from the storage or its server |
//! | `cached_files` | [`CachedFiles`]: all files of one base model |

mod cached_files;
mod context;
mod index;
mod lfs;
mod model_cache;
mod partial;
mod reader;
mod remote_files;
mod verifier;

pub use cached_files::CachedFiles;
pub use index::{CachedBase, CachedFile, Index, Part};
pub use model_cache::ModelCache;
pub use reader::CacheReader;
pub use remote_files::{ListedFile, RemoteFiles};

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod test_tab;
#[cfg(test)]
mod tests;
