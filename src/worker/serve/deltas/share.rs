//! A delta as a link, with other words, as it was at a preview.

use crate::error::{Error, Result};
use crate::spectral::delta::link_payload;
use crate::worker::protocol::{DescribeRequest, Event, Origin};
use crate::worker::serve::deltas::open::{file_name, summary};
use crate::worker::serve::page::post;
use crate::worker::serve::session::Session;

impl Session {
    /// Gives an open delta other words. They are in its file, so the file and its hash change.
    ///
    /// # Errors
    /// `Delta` if it is not open, or the words are too long.
    pub(crate) fn describe(&mut self, request: DescribeRequest) -> Result<()> {
        let mut delta = self.opened(&request.id)?.clone();
        let metadata = &mut delta.metadata;
        metadata.title = request.title;
        metadata.author = request.author;
        metadata.licence = request.licence;
        metadata.description = request.description;
        let id = self.take_delta(Origin::Described, &delta)?;
        if id != request.id {
            self.deltas.retain(|open| open.id != request.id);
        }
        post(&Event::Described {
            was: request.id,
            id,
        });
        Ok(())
    }

    /// Makes an open delta the text of a link.
    ///
    /// # Errors
    /// `Delta` if it is not open, or too large for a link.
    pub(crate) fn pack(&self, id: String, limit: usize) -> Result<()> {
        let payload = link_payload::encode(self.opened(&id)?, limit)?;
        post(&Event::Packed {
            id,
            text: payload.text,
            error: payload.error,
        });
        Ok(())
    }

    /// Opens the delta as it was when the preview of `step` was made.
    ///
    /// # Errors
    /// `Delta` if that preview is not of the last training.
    pub(crate) fn keep_preview(&mut self, step: usize) -> Result<()> {
        let found = self.snapshots.iter().find(|(at, _)| *at == step);
        let Some((_, delta)) = found else {
            return Err(Error::Delta(format!(
                "What was learned at step {step} is not here any more: it is kept until the next training begins. Train again with fewer steps."
            )));
        };
        let delta = delta.clone();
        self.take_delta(Origin::Preview, &delta)?;
        Ok(())
    }
}

/// Makes the text of a link a delta file.
///
/// # Errors
/// `Delta` if the text was cut or changed.
pub(crate) fn unpack_delta(text: &str) -> Result<()> {
    let delta = link_payload::decode(text)?;
    let file = delta.to_bytes()?;
    post(&Event::Unpacked {
        summary: summary(&delta, file.len()),
        file_name: file_name(&delta.metadata.title),
        file,
    });
    Ok(())
}
