//! Opening and closing deltas, and changing their metadata.

use std::sync::Arc;

use leptos::prelude::*;

use super::state::{Deltas, NamedFile};
use crate::ui::{engine::activity::TrainingPhase, messages::state::Severity, text};
use crate::worker::protocol::{DescribeRequest, Request, RequestId};

impl Deltas {
    /// Opens a delta file; `apply_anyway` even if it belongs to another base model.
    pub fn open_file(self, name: String, file: Arc<Vec<u8>>, apply_anyway: bool) {
        // Training ends in a delta too. One at a time keeps the answers apart.
        if self.activity.training.get_untracked() != TrainingPhase::Idle {
            return self
                .messages
                .tell(Severity::Warning, text::DELTA_WHILE_TRAINING);
        }
        self.messages.clear();
        self.refused.set(None);
        self.send_file(name, file, apply_anyway);
    }

    /// Opens the deltas again in a restarted engine.
    pub fn reopen(self) {
        for open in self.open.get_untracked() {
            // They were open before, so the user has already agreed.
            self.send_file(open.file_name, open.file, true);
        }
    }

    fn send_file(self, name: String, file: Arc<Vec<u8>>, apply_anyway: bool) {
        let id = self.engine.send(Request::OpenDelta {
            name: name.clone(),
            bytes: (*file).clone(),
            apply_anyway,
        });
        if let Some(id) = id {
            self.opening
                .update(|opening| opening.push((id, (name, file))));
        }
    }

    /// Takes the delta file that the request `id` opened or tried to open.
    pub fn take_opening(self, id: Option<RequestId>) -> Option<NamedFile> {
        let taken = self.opening.try_update(|opening| {
            let index = opening.iter().position(|(of, _)| Some(*of) == id)?;
            Some(opening.remove(index).1)
        });
        taken.flatten()
    }

    /// Closes a delta.
    pub fn close(self, id: String) {
        self.engine.send(Request::CloseDelta { id });
    }

    /// Changes the metadata of an open delta.
    pub fn describe(self, request: DescribeRequest) {
        self.messages.clear();
        self.engine.send(Request::DescribeDelta(request));
    }

    /// A delta with new metadata is open; it takes over the strength of the old one, which closes.
    pub fn on_described(self, old: &str, new: &str) {
        let strength = self.by_id(old).map(|open| open.strength.get_untracked());
        self.on_closed(old);
        if let (Some(open), Some(strength)) = (self.by_id(new), strength) {
            open.strength.set(strength);
        }
    }
}
