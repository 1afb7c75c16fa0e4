//! Delta files in and out.

use super::post::{post, warn};
use super::session::Session;
use crate::error::Result;
use crate::spectral::delta::Delta;
use crate::worker::protocol::{DeltaSummary, Event};

/// Longest name of a file that we make.
const MAX_NAME: usize = 60;

/// The open delta.
pub(super) struct Open {
    pub(super) delta: Delta,
    /// Tells it from every other that was open before.
    pub(super) number: u64,
}

impl Session {
    /// Opens a delta file; what was open before stays so if this fails.
    ///
    /// # Errors
    /// `Delta` if the file is damaged, or made for another base and not to be applied anyway.
    pub(super) fn open_delta(
        &mut self,
        name: &str,
        file: Vec<u8>,
        apply_anyway: bool,
    ) -> Result<()> {
        let delta = Delta::from_bytes(&file)?;
        let loaded = self.loaded()?;
        if !apply_anyway {
            delta.check_base(&loaded.base.hash)?;
        }
        if let Some(spectral) = &loaded.spectral {
            spectral.check(&delta.unet)?;
        }
        if !delta.text_encoder.is_empty() {
            warn(
                "This delta also shifts the text encoder, which this version leaves as it is: the pictures may differ from its author's.",
            );
        }
        self.keep(name, file, delta);
        Ok(())
    }

    /// Opens the delta that training has just made, as anybody else will read it.
    ///
    /// # Errors
    /// `Delta` if our own file cannot be read (a bug, found before the person relies on it).
    pub(super) fn take_delta(&mut self, name: &str, file: Vec<u8>) -> Result<()> {
        let delta = Delta::from_bytes(&file)?;
        self.keep(name, file, delta);
        Ok(())
    }

    fn keep(&mut self, name: &str, file: Vec<u8>, delta: Delta) {
        self.forget_baked();
        self.opened += 1;
        post(&Event::Delta {
            summary: summary(&delta, file.len()),
            file_name: name.to_owned(),
            file,
        });
        self.delta = Some(Open {
            delta,
            number: self.opened,
        });
    }

    /// Puts the delta aside.
    pub(super) fn close_delta(&mut self) {
        self.delta = None;
        self.forget_baked();
        post(&Event::DeltaClosed);
    }

    fn forget_baked(&mut self) {
        if let Some(loaded) = &mut self.loaded {
            loaded.baked = None;
        }
    }
}

fn summary(delta: &Delta, bytes: usize) -> DeltaSummary {
    let metadata = &delta.metadata;
    let subject = metadata.subjects.first().cloned().unwrap_or_default();
    let shifts = delta.unet.iter().chain(delta.text_encoder.iter());
    DeltaSummary {
        title: metadata.title.clone(),
        token: subject.token,
        class_word: subject.class_word,
        steps: metadata.steps as usize,
        date: metadata.date.clone(),
        base: metadata.base_id.clone(),
        parameters: shifts.map(|(_, shift)| shift.delta.len()).sum(),
        bytes,
    }
}

/// "sks robot" to "sks-robot.safetensors".
pub(super) fn file_name(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars().take(MAX_NAME) {
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    format!(
        "{}.safetensors",
        if name.is_empty() { "delta" } else { name }
    )
}
