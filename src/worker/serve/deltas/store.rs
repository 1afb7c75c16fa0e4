//! The store of open deltas, and of those of the last run's previews.

use crate::error::{Error, Result};
use crate::spectral::delta::Delta;
use crate::worker::protocol::{DeltaStrength, Event, Origin};
use crate::worker::serve::context::Context;
use crate::worker::serve::deltas::summary::{file_name, summary};

/// An open delta.
struct OpenDelta {
    /// The hash of its content.
    id: String,
    delta: Delta,
}

/// The open deltas.
#[derive(Default)]
pub struct DeltaStore {
    open: Vec<OpenDelta>,
    /// The last run's delta at each of its previews, by the step.
    pub(crate) previews: Vec<(usize, Delta)>,
}

impl DeltaStore {
    /// An open delta.
    ///
    /// # Errors
    /// `Delta` if there is none of this id.
    pub(crate) fn get(&self, id: &str) -> Result<&Delta> {
        let found = self.open.iter().find(|open| open.id == id);
        found.map(|open| &open.delta).ok_or_else(|| {
            Error::Delta("A delta that was asked for is not open any more. Open it again.".into())
        })
    }

    /// Open deltas with their strengths.
    ///
    /// # Errors
    /// `Delta` if one of them is not open.
    pub(crate) fn get_all(&self, wanted: &[&DeltaStrength]) -> Result<Vec<(&Delta, f32)>> {
        let get = |of: &&DeltaStrength| Ok((self.get(&of.id)?, of.strength));
        wanted.iter().map(get).collect()
    }

    /// Opens a delta, tells the page, and returns the delta's id.
    ///
    /// # Errors
    /// `Delta` if `file` is not a delta file.
    pub(crate) fn add(
        &mut self,
        cx: &Context,
        origin: Origin,
        (name, file): (&str, Vec<u8>),
        delta: Delta,
    ) -> Result<String> {
        let id = Delta::content_sha256(&file)?;
        cx.post(Event::Delta {
            origin,
            id: id.clone(),
            summary: summary(&delta, file.len()),
            file_name: name.to_owned(),
            file,
        });
        self.open.retain(|open| open.id != id);
        self.open.push(OpenDelta {
            id: id.clone(),
            delta,
        });
        Ok(id)
    }

    /// Opens a delta that was just made, read back from its own file, and returns its id.
    ///
    /// # Errors
    /// `Delta` if that file cannot be read, which would be a bug.
    pub(crate) fn add_made(
        &mut self,
        cx: &Context,
        origin: Origin,
        made: &Delta,
    ) -> Result<String> {
        let file = made.to_bytes()?;
        let delta = Delta::from_bytes(&file)?;
        let name = file_name(&delta.metadata.title);
        self.add(cx, origin, (&name, file), delta)
    }

    /// Removes a delta without telling the page.
    pub(crate) fn remove(&mut self, id: &str) {
        self.open.retain(|open| open.id != id);
    }

    /// Closes a delta.
    pub(crate) fn close(&mut self, cx: &Context, id: String) {
        self.remove(&id);
        cx.post(Event::DeltaClosed { id });
    }

    /// Closes all deltas, and drops those of previews.
    pub(crate) fn close_all(&mut self, cx: &Context) {
        for OpenDelta { id, .. } in self.open.drain(..) {
            cx.post(Event::DeltaClosed { id });
        }
        self.previews.clear();
    }
}
