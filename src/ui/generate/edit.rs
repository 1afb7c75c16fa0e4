//! Editing one picture by its prompt.

use leptos::prelude::*;
use reactive_stores::Store;

use super::{results::ResultSet, state::Generate};
use crate::config::{EditConfig, GenerateConfigStoreFields};
use crate::ui::subjects::state::Subject;
use crate::worker::protocol::{EditRequest, Request};

/// Editing one picture.
#[derive(Clone, Copy)]
pub struct Editing {
    /// Holds the picture.
    pub subject: Subject,
    /// The settings. The seed is that of generating.
    pub config: Store<EditConfig>,
    generate: Generate,
}

impl Editing {
    /// No picture, and the default settings.
    pub fn new(generate: Generate) -> Self {
        Self {
            subject: generate.subjects.edited,
            config: Store::new(EditConfig::default()),
            generate,
        }
    }

    /// True if the picture and both prompts are there; tracked.
    pub fn can_start(self) -> bool {
        let config = self.config.get();
        !self.subject.accepted().is_empty()
            && !config.prompt.trim().is_empty()
            && !config.target_prompt.trim().is_empty()
            && !self.generate.activity.is_busy()
    }

    /// Trains on the picture and edits it.
    pub fn start(self) {
        let Some((picture, _)) = untrack(|| self.subject.accepted()).pop() else {
            return;
        };
        let generate = self.generate;
        generate.messages.clear();
        let request = EditRequest {
            id: generate.ids.next(),
            picture,
            config: EditConfig {
                seed: generate.settings.config.seed().get_untracked(),
                ..self.config.get_untracked()
            },
        };
        generate.results.add(ResultSet::of_edit(&request));
        generate.engine.send(Request::Edit(request));
    }
}
