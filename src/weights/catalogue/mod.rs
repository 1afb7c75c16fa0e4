//! The base models that the app offers: `catalogue.json` beside the app, written by its host.
//!
//! `docs/bases.md` describes every field. Unknown fields, addresses that are neither https nor
//! relative, and impossible sizes are rejected, naming the base model.

pub mod clip_tokenizer;

mod entry;
mod parse;
mod validate;

pub use entry::{Catalogue, Defaults, Entry, FileEntry, Licence, LoraEntry, Memory};

#[cfg(test)]
mod tests;
