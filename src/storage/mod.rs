//! Named files in one flat folder: checkpoints, factors of weights, and downloaded models.
//!
//! | implementation | files are in |
//! |---|---|
//! | `opfs` | the browser's origin private file system |
//! | [`disk`] | a folder of this machine |
//! | [`memory`] | memory: for browsers without OPFS, and for tests |

#[cfg(not(target_family = "wasm"))]
pub mod disk;
pub mod memory;
#[cfg(feature = "web")]
pub mod opfs;

#[cfg(test)]
pub(crate) mod faulty;
#[cfg(test)]
mod tests;
mod traits;

#[cfg(not(target_family = "wasm"))]
pub use disk::DiskStorage;
pub use memory::MemoryStorage;
#[cfg(feature = "web")]
pub use opfs::Opfs;
pub use traits::{Estimate, FileReader, FileWriter, Lock, LockKind, Storage, read};
