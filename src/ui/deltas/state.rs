//! The open deltas.

use std::sync::Arc;

use leptos::prelude::*;

use super::combine_settings::CombineSettings;
use crate::ui::{
    engine::{activity::Activity, connection::Engine, ids::Ids},
    messages::state::Messages,
    text,
};
use crate::worker::protocol::{DeltaSummary, GenerateRequest, RequestId};

/// A file: its name and its bytes.
pub type NamedFile = (String, Arc<Vec<u8>>);

/// An open delta.
#[derive(Clone)]
pub struct OpenDelta {
    /// The hash of its contents.
    pub id: String,
    /// Key of the list, and part of element ids.
    pub key: u32,
    /// How strongly it is applied.
    pub strength: ArcRwSignal<f64>,
    /// Its metadata; untrusted.
    pub summary: DeltaSummary,
    /// A name for its file.
    pub file_name: String,
    /// Its file.
    pub file: Arc<Vec<u8>>,
}

/// The title of a delta as the page shows it.
pub fn title(summary: &DeltaSummary) -> String {
    let title = text::shorten(summary.title.trim(), 120);
    if title.is_empty() {
        text::UNTITLED.to_owned()
    } else {
        title
    }
}

/// The open deltas.
#[derive(Clone, Copy)]
pub struct Deltas {
    /// Newest first.
    pub open: RwSignal<Vec<OpenDelta>>,
    /// Files that are being opened, in the order of the engine's answers.
    pub opening: RwSignal<Vec<(RequestId, NamedFile)>>,
    /// A delta that was refused because it belongs to another base model.
    pub refused: RwSignal<Option<NamedFile>>,
    /// Deltas are being combined or exported.
    pub busy: RwSignal<bool>,
    /// How to combine deltas.
    pub combine: CombineSettings,
    pub(super) engine: Engine,
    pub(super) activity: Activity,
    pub(super) messages: Messages,
    ids: Ids,
}

impl Deltas {
    /// No open deltas.
    pub fn new(engine: Engine, activity: Activity, messages: Messages, ids: Ids) -> Self {
        Self {
            open: RwSignal::new(Vec::new()),
            opening: RwSignal::new(Vec::new()),
            refused: RwSignal::new(None),
            busy: RwSignal::new(false),
            combine: CombineSettings::new(),
            engine,
            activity,
            messages,
            ids,
        }
    }

    /// Adds a delta that the engine has opened, at strength 1.
    pub fn add(
        self,
        id: String,
        summary: DeltaSummary,
        file_name: &str,
        file: Vec<u8>,
    ) -> OpenDelta {
        let open = OpenDelta {
            id,
            key: self.ids.next(),
            strength: ArcRwSignal::new(1.0),
            summary,
            file_name: text::shorten(file_name, 100),
            file: Arc::new(file),
        };
        self.open.update(|deltas| deltas.insert(0, open.clone()));
        open
    }

    /// The open delta of this id; not tracked.
    pub fn by_id(self, id: &str) -> Option<OpenDelta> {
        self.open
            .with_untracked(|deltas| deltas.iter().find(|open| open.id == id).cloned())
    }

    /// Removes a delta from the page.
    pub fn on_closed(self, id: &str) {
        self.open
            .update(|deltas| deltas.retain(|open| open.id != id));
    }

    /// Titles of the open deltas that a request uses.
    pub fn titles_of(self, request: &GenerateRequest) -> Vec<String> {
        self.open.with_untracked(|deltas| {
            let open = deltas.iter();
            let used = open.filter(|open| request.deltas.iter().any(|of| of.id == open.id));
            used.map(|open| text::shorten(&open.summary.title, 120))
                .collect()
        })
    }

    /// True while the engine cannot combine or export deltas; tracked.
    pub fn is_locked(self) -> bool {
        self.busy.get() || self.activity.is_busy()
    }
}
