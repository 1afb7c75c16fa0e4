//! The worker's global scope: messages, crashes, files of the person's disk.

pub(crate) mod crash;
pub(crate) mod page;
pub(crate) mod scope;
pub(crate) mod user_files;
