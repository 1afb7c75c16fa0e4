//! What the page shows of a delta.

use crate::spectral::delta::Delta;
use crate::worker::protocol::{DeltaSummary, SubjectWords};

/// Longest name of a delta's file, in characters without the extension.
const MAX_NAME: usize = 60;

/// What a delta says of itself.
pub(crate) fn summary(delta: &Delta, bytes: usize) -> DeltaSummary {
    let metadata = &delta.metadata;
    let subjects = metadata.subjects.iter();
    let shifts = delta.unet.iter().chain(delta.text_encoder.iter());
    DeltaSummary {
        title: metadata.title.clone(),
        subjects: subjects
            .map(|subject| SubjectWords::new(subject.token.clone(), subject.class_word.clone()))
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
