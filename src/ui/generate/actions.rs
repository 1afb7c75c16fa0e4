//! Requests for pictures.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    results::{ResultKind, ResultSet, Side},
    state::Generate,
};
use crate::config::{GenerateConfig, GenerateConfigStoreFields};
use crate::ui::{settings::generate::Row, text};
use crate::worker::protocol::{DeltaStrength, GenerateRequest, Pixels, Request};

/// Factors of a row of strengths, for each of the open deltas.
const FACTORS: [f32; 6] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25];

/// The scenes at the end of 'Try it'. No sample picture has one of them as its background.
const TRIAL_SCENES: [&str; 3] = ["in space", "in the snow", "on a beach"];

impl Generate {
    /// Makes pictures as the settings say.
    pub fn start(self) {
        self.messages.clear();
        self.make(
            untrack(|| self.prompt()),
            self.settings.config.num_images_per_prompt().get_untracked(),
            self.settings.compare.get_untracked(),
            self.settings.row.get_untracked(),
        );
    }

    /// Stops making pictures.
    pub fn cancel(self) {
        self.engine.cancel();
    }

    /// Makes pictures of the subject in a few scenes, beside the base model's own.
    pub fn show_trial(self) {
        let words = untrack(|| self.words());
        let Some(subject) = words.first() else {
            return;
        };
        // Newest first on the page, so the first scene is requested last.
        for scene in TRIAL_SCENES.iter().rev() {
            self.make(text::prompt(subject, scene), 1, true, Row::Seeds);
        }
    }

    fn make(self, prompt: String, count: usize, compare: bool, row: Row) {
        let deltas: Vec<DeltaStrength> = self.deltas.open.with_untracked(|deltas| {
            let strengths = deltas.iter().map(|open| DeltaStrength {
                id: open.id.clone(),
                strength: open.strength.get_untracked() as f32,
            });
            strengths.filter(|of| of.strength != 0.0).collect()
        });
        let has_delta = !deltas.is_empty();
        self.request(GenerateRequest {
            id: self.ids.next(),
            config: GenerateConfig {
                prompt,
                num_images_per_prompt: count,
                ..self.settings.config.get_untracked()
            },
            deltas,
            // Without a delta all pictures are those of the base model.
            compare: compare && has_delta,
            strength_factors: match row {
                Row::Strengths if has_delta => FACTORS.to_vec(),
                _ => Vec::new(),
            },
        });
    }

    /// Makes the pictures of a result again, darkened where a word of the prompt has no attention.
    pub fn show_attention(self, request: &GenerateRequest, word: &str) {
        self.messages.clear();
        self.request(GenerateRequest {
            id: self.ids.next(),
            config: GenerateConfig {
                attend_to: word.to_owned(),
                ..request.config.clone()
            },
            ..request.clone()
        });
    }

    /// Makes one picture again with a new id, and shows its settings.
    pub fn repeat(self, request: &GenerateRequest) {
        let settings = &self.settings;
        settings.prompt.set(Some(request.config.prompt.clone()));
        settings.config.set(GenerateConfig {
            num_images_per_prompt: 1,
            ..request.config.clone()
        });
        self.request(GenerateRequest {
            id: self.ids.next(),
            ..request.clone()
        });
    }

    /// Shows an empty result and sends its request.
    fn request(self, request: GenerateRequest) {
        self.results.add(ResultSet::of_request(&request));
        self.engine.send(Request::Generate(request));
    }

    /// Pictures of one side are ready. `store` gets the request and the pictures of the side that
    /// was asked for, unless they show attention or an edit.
    pub fn on_generated(
        self,
        id: u32,
        personalised: bool,
        pictures: Vec<Pixels>,
        store: impl FnOnce(&GenerateRequest, &[Pixels]),
    ) {
        if let Some(result) = self.results.by_id(id) {
            if let ResultKind::Pictures(request) = &result.kind
                && personalised != request.deltas.is_empty()
            {
                store(request, &pictures);
            }
            let side = if personalised {
                result.personalised
            } else {
                result.base
            };
            if let Some(side) = side {
                side.set(Side::Ready(Arc::new(pictures)));
            }
        }
        if !untrack(|| self.activity.is_generating()) {
            self.activity.stages.update(|stages| stages.generate = None);
        }
    }
}
