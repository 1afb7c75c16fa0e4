//! One picture, edited by its prompt.

use leptos::prelude::*;

use crate::recipe;
use crate::ui::state::{Booth, ResultKind, ResultSet, Side, Subject};
use crate::ui::text;
use crate::worker::protocol::{EditRequest, Request};

/// The number under which the picture goes to the engine; no subject has it.
pub const EDITED: u32 = 1_000;

/// Fields of 'Edit one picture'.
#[derive(Clone, Copy)]
pub struct EditFields {
    /// Holds the picture.
    pub subject: Subject,
    /// What it shows.
    pub prompt: RwSignal<String>,
    /// What it should show.
    pub target: RwSignal<String>,
    /// Steps of learning the picture.
    pub train_steps: RwSignal<f64>,
    /// Steps of inversion and sampling.
    pub steps: RwSignal<f64>,
    /// Classifier-free guidance towards the target.
    pub guidance_scale: RwSignal<f64>,
    /// DDIM's η.
    pub eta: RwSignal<f32>,
    /// From the picture's own noise to a fresh one.
    pub slerp: RwSignal<f32>,
}

impl EditFields {
    /// The defaults, those of the engine's `edit::EditSettings`.
    pub fn new() -> Self {
        Self {
            subject: Subject::new(EDITED, "", ""),
            prompt: RwSignal::new(String::new()),
            target: RwSignal::new(String::new()),
            train_steps: RwSignal::new(recipe::PICTURE_STEPS as f64),
            steps: RwSignal::new(50.0),
            guidance_scale: RwSignal::new(3.0),
            eta: RwSignal::new(0.5),
            slerp: RwSignal::new(0.0),
        }
    }
}

impl Default for EditFields {
    fn default() -> Self {
        Self::new()
    }
}

impl Booth {
    /// True when picture and both prompts are there; tracked.
    pub fn may_edit(self) -> bool {
        let fields = self.edit;
        let filled = |words: RwSignal<String>| words.with(|words| !words.trim().is_empty());
        !fields.subject.taken().is_empty()
            && filled(fields.prompt)
            && filled(fields.target)
            && !self.is_training()
            && !self.is_generating()
    }

    /// Learns the picture and edits it.
    pub fn edit_picture(self) {
        let fields = self.edit;
        let Some((picture, _)) = untrack(|| fields.subject.taken()).pop() else {
            return;
        };
        self.forget_messages();
        let request = EditRequest {
            id: self.id(),
            picture,
            prompt: fields.prompt.get_untracked(),
            target: fields.target.get_untracked(),
            train_steps: fields.train_steps.get_untracked() as usize,
            steps: fields.steps.get_untracked() as usize,
            guidance_scale: fields.guidance_scale.get_untracked(),
            eta: f64::from(fields.eta.get_untracked()),
            slerp: f64::from(fields.slerp.get_untracked()),
            seed: self.generate.seed.get_untracked() as u64,
        };
        let waiting = || Some(ArcRwSignal::new(Side::Waiting));
        self.show_result(ResultSet {
            id: request.id,
            prompt: request.target.clone(),
            seed: request.seed,
            strengths: Vec::new(),
            count: 1,
            base: waiting(),
            personalised: waiting(),
            kind: ResultKind::Edit,
            note: ArcRwSignal::new(None),
        });
        self.send(Request::Edit(request));
    }

    /// What the inversion lost of the picture.
    pub fn on_edited(self, id: u32, lost: f32) {
        self.results.with_untracked(|results| {
            if let Some(result) = results.iter().find(|result| result.id == id) {
                result.note.set(Some(text::inversion(lost)));
            }
        });
    }
}
