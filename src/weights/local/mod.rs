//! Files that a person chose from their disk: read in slices where they are, never copied.
//!
//! Offsets are 64-bit, so files of more than 4 GiB work, and skipped bytes are not read.

#[cfg(feature = "web")]
mod browser_file;
mod files;
mod reader;
mod source;

#[cfg(feature = "web")]
pub use browser_file::BrowserFile;
pub use files::LocalFiles;
pub(crate) use reader::LocalReader;
pub use source::LocalFile;

#[cfg(test)]
mod tests;
