//! Making pictures: the prompt, the requests, the results.

use leptos::prelude::*;

use super::results::Results;
use crate::ui::{
    deltas::state::Deltas,
    engine::{
        activity::Activity,
        connection::{Engine, EngineStatus},
        ids::Ids,
    },
    messages::state::Messages,
    settings::generate::GenerateSettings,
    subjects::state::{Subject, Subjects},
    text,
};
use crate::worker::protocol::SubjectWords;

/// Making pictures.
#[derive(Clone, Copy)]
pub struct Generate {
    /// The settings.
    pub settings: GenerateSettings,
    /// The results on the page.
    pub results: Results,
    pub(super) engine: Engine,
    pub(super) activity: Activity,
    pub(super) messages: Messages,
    pub(super) ids: Ids,
    pub(super) deltas: Deltas,
    pub(super) subjects: Subjects,
}

impl Generate {
    /// `activity` observes the same `results`.
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, where the page is put together"
    )]
    pub fn new(
        settings: GenerateSettings,
        results: Results,
        engine: Engine,
        activity: Activity,
        messages: Messages,
        ids: Ids,
        deltas: Deltas,
        subjects: Subjects,
    ) -> Self {
        Self {
            settings,
            results,
            engine,
            activity,
            messages,
            ids,
            deltas,
            subjects,
        }
    }

    /// The words that prompts can use: those of the deltas in use, otherwise those of the
    /// subjects; tracked.
    pub fn words(self) -> Vec<SubjectWords> {
        let learned: Vec<SubjectWords> = self.deltas.open.with(|deltas| {
            let in_use = deltas.iter().filter(|open| open.strength.get() > 0.0);
            let subjects = in_use.flat_map(|open| open.summary.subjects.clone());
            let shortened = subjects.map(|subject| SubjectWords {
                token: text::shorten(&subject.token, 60),
                class_word: text::shorten(&subject.class_word, 60),
                ..subject
            });
            shortened.collect()
        });
        if learned.is_empty() {
            self.subjects
                .list
                .with(|subjects| subjects.iter().map(Subject::words).collect())
        } else {
            learned
        }
    }

    /// The prompt: what the user wrote, or the words in the selected scene; tracked.
    pub fn prompt(self) -> String {
        self.settings
            .prompt
            .get()
            .unwrap_or_else(|| match &self.words()[..] {
                [first, second, ..] => text::pair_prompt(first, second, self.settings.pair.get()),
                [only] => text::prompt(only, self.settings.scene.get()),
                [] => String::new(),
            })
    }

    /// True if pictures can be made now; tracked.
    pub fn can_start(self) -> bool {
        self.engine.status.get() != EngineStatus::Down
            && !self.activity.is_busy()
            && !self.prompt().trim().is_empty()
    }
}
