//! Delta files in.

use crate::error::{Error, Result};
use crate::spectral::delta::import;
use crate::spectral::delta::{Delta, DeltaMetadata};
use crate::weights::format::safetensors::Dtype;
use crate::worker::protocol::{DeltaSummary, Event, Origin, SubjectWords};
use crate::worker::serve::page::{post, warn};
use crate::worker::serve::session::Session;

/// Longest name of a file that we make.
const MAX_NAME: usize = 60;

/// An open delta.
pub(crate) struct Open {
    /// Its content's hash.
    pub(crate) id: String,
    pub(crate) delta: Delta,
}

impl Session {
    /// Opens a delta file beside those that are open.
    ///
    /// # Errors
    /// `Delta` if the file is damaged, `WrongBaseModel` if it was made for another base model and is
    /// not to be applied anyway.
    pub(crate) fn open_delta(
        &mut self,
        name: &str,
        file: Vec<u8>,
        apply_anyway: bool,
    ) -> Result<()> {
        let loaded = self.loaded()?;
        let (file, delta) = if import::is_foreign(&file) {
            let metadata = DeltaMetadata {
                title: name.trim_end_matches(".safetensors").to_owned(),
                ..DeltaMetadata::default()
            };
            let delta = import::svdiff_pytorch(&[(name, &file)], &loaded.base, metadata)?;
            warn(format!(
                "The file {name} is svdiff-pytorch's. It does not say which base it was trained on, so it is taken to be for this one."
            ));
            // In F32, so that nothing is rounded.
            (delta.to_bytes_as(Dtype::F32)?, delta)
        } else {
            let delta = Delta::from_bytes(&file)?;
            (file, delta)
        };
        if !apply_anyway {
            delta.check_base(&loaded.base.hash)?;
        }
        if let Some(decomposed) = &loaded.decomposed {
            decomposed.unet.check(&delta.unet)?;
            if let Ok(text_encoder) = decomposed.text_encoder() {
                text_encoder.check(&delta.text_encoder)?;
            }
        }
        self.keep(Origin::Opened, name, file, delta)?;
        Ok(())
    }

    /// Opens a delta that was just made, as anybody else will read it, and gives back its id.
    ///
    /// # Errors
    /// `Delta` if our own file cannot be read (a bug, found before the person relies on it).
    pub(crate) fn take_delta(&mut self, origin: Origin, made: &Delta) -> Result<String> {
        let file = made.to_bytes()?;
        let delta = Delta::from_bytes(&file)?;
        let name = file_name(&delta.metadata.title);
        self.keep(origin, &name, file, delta)
    }

    fn keep(&mut self, origin: Origin, name: &str, file: Vec<u8>, delta: Delta) -> Result<String> {
        let id = Delta::content_sha256(&file)?;
        post(&Event::Delta {
            origin,
            id: id.clone(),
            summary: summary(&delta, file.len()),
            file_name: name.to_owned(),
            file,
        });
        self.deltas.retain(|open| open.id != id);
        self.deltas.push(Open {
            id: id.clone(),
            delta,
        });
        Ok(id)
    }

    /// An open delta.
    ///
    /// # Errors
    /// `Delta` if there is none of this id.
    pub(crate) fn opened(&self, id: &str) -> Result<&Delta> {
        let found = self.deltas.iter().find(|open| open.id == id);
        found.map(|open| &open.delta).ok_or_else(|| {
            Error::Delta("A delta that was asked for is not open any more. Open it again.".into())
        })
    }

    /// Puts a delta aside.
    pub(crate) fn close_delta(&mut self, id: String) {
        self.deltas.retain(|open| open.id != id);
        post(&Event::DeltaClosed { id });
    }

    /// Puts all deltas aside.
    pub(crate) fn close_deltas(&mut self) {
        for Open { id, .. } in self.deltas.drain(..) {
            post(&Event::DeltaClosed { id });
        }
    }
}

/// What a delta says of itself.
pub(crate) fn summary(delta: &Delta, bytes: usize) -> DeltaSummary {
    let metadata = &delta.metadata;
    let subjects = metadata.subjects.iter().zip(0..);
    let shifts = delta.unet.iter().chain(delta.text_encoder.iter());
    DeltaSummary {
        title: metadata.title.clone(),
        subjects: subjects
            .map(|(subject, number)| SubjectWords {
                number,
                token: subject.token.clone(),
                class_word: subject.class_word.clone(),
            })
            .collect(),
        steps: metadata.steps as usize,
        author: metadata.author.clone(),
        licence: metadata.licence.clone(),
        description: metadata.description.clone(),
        date: metadata.date.clone(),
        base: metadata.base_id.clone(),
        base_sha256: metadata.base_sha256.clone(),
        parameters: shifts.map(|(_, shift)| shift.delta.len()).sum(),
        bytes,
    }
}

/// "sks robot" to "sks-robot.safetensors".
pub(crate) fn file_name(title: &str) -> String {
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
