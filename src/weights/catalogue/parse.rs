//! Reading `catalogue.json`.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::weights::catalogue::entry::{Catalogue, Entry};
use crate::weights::catalogue::validate;

/// Limits of a catalogue.
const MAX_BYTES: usize = 1 << 20;
const MAX_BASES: usize = 256;

impl Catalogue {
    /// Reads and validates a catalogue.
    ///
    /// # Errors
    /// `Config`, naming the base model.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let refused = |why: String| {
            Error::Config(format!(
                "catalogue.json cannot be used: {why}. Whoever hosts this page has to correct it; docs/bases.md describes it."
            ))
        };
        if bytes.len() > MAX_BYTES {
            return Err(refused(format!("it has {} bytes", bytes.len())));
        }
        let catalogue: Self =
            serde_json::from_slice(bytes).map_err(|why| refused(why.to_string()))?;
        if catalogue.version != 1 {
            let version = catalogue.version;
            return Err(refused(format!(
                "its version is {version}, this page knows 1"
            )));
        }
        if catalogue.bases.len() > MAX_BASES {
            return Err(refused(format!("it has more than {MAX_BASES} bases")));
        }
        let mut ids = BTreeSet::new();
        for entry in &catalogue.bases {
            let fault = validate::entry_fault(entry);
            let fault = fault.or_else(|| {
                let new = ids.insert(&entry.id);
                (!new).then(|| "its id stands twice".to_owned())
            });
            if let Some(fault) = fault {
                let id: String = entry.id.chars().take(60).collect();
                return Err(refused(format!("in the base '{id}' {fault}")));
            }
        }
        Ok(catalogue)
    }

    /// The base model of this id.
    ///
    /// # Errors
    /// `Settings` if there is none.
    pub fn entry(&self, id: &str) -> Result<&Entry> {
        self.bases
            .iter()
            .find(|entry| entry.id == id)
            .ok_or_else(|| {
                Error::Settings(format!(
                    "The catalogue has no base '{id}'. Choose another one, or reload the page."
                ))
            })
    }
}
