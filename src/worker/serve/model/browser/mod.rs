//! Base models in a browser: over HTTP, in its storage, from the person's disk.

mod download;
mod keys;
pub(crate) mod library;
mod open;
mod sources;
