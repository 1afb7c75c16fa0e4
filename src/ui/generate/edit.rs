//! Editing one picture by its prompt.

use leptos::prelude::*;

use super::{results::ResultSet, state::Generate};
use crate::recipe;
use crate::ui::subjects::state::Subject;
use crate::worker::protocol::{EditRequest, Request};

/// Editing one picture.
#[derive(Clone, Copy)]
pub struct Editing {
    /// Holds the picture.
    pub subject: Subject,
    /// What the picture shows.
    pub prompt: RwSignal<String>,
    /// What the edit should show.
    pub target: RwSignal<String>,
    /// Training steps on the picture.
    pub train_steps: RwSignal<f64>,
    /// Steps of inversion and sampling.
    pub steps: RwSignal<f64>,
    /// Classifier-free guidance towards the target.
    pub guidance_scale: RwSignal<f64>,
    /// DDIM's η, from 0 to 1.
    pub eta: RwSignal<f32>,
    /// Interpolation from the picture's own noise (0) to random noise (1).
    pub slerp: RwSignal<f32>,
    generate: Generate,
}

impl Editing {
    /// No picture, and the defaults of the engine's `edit::EditSettings`.
    pub fn new(generate: Generate) -> Self {
        Self {
            subject: generate.subjects.edited,
            prompt: RwSignal::new(String::new()),
            target: RwSignal::new(String::new()),
            train_steps: RwSignal::new(recipe::PICTURE_STEPS as f64),
            steps: RwSignal::new(50.0),
            guidance_scale: RwSignal::new(3.0),
            eta: RwSignal::new(0.5),
            slerp: RwSignal::new(0.0),
            generate,
        }
    }

    /// True if the picture and both prompts are there; tracked.
    pub fn can_start(self) -> bool {
        let filled = |words: RwSignal<String>| words.with(|words| !words.trim().is_empty());
        !self.subject.accepted().is_empty()
            && filled(self.prompt)
            && filled(self.target)
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
            prompt: self.prompt.get_untracked(),
            target: self.target.get_untracked(),
            train_steps: self.train_steps.get_untracked() as usize,
            steps: self.steps.get_untracked() as usize,
            guidance_scale: self.guidance_scale.get_untracked(),
            eta: f64::from(self.eta.get_untracked()),
            slerp: f64::from(self.slerp.get_untracked()),
            seed: generate.settings.seed.get_untracked() as u64,
        };
        generate.results.add(ResultSet::of_edit(&request));
        generate.engine.send(Request::Edit(request));
    }
}
