//! The results on the page: pictures that were made or are being made.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::text;
use crate::worker::protocol::{EditRequest, GenerateRequest, Pixels};

/// Results kept on the page; the oldest are removed first.
const MAX_RESULTS: usize = 40;

/// The pictures of one request.
#[derive(Clone)]
pub struct ResultSet {
    /// Its id in requests.
    pub id: u32,
    /// The prompt.
    pub prompt: String,
    /// The seed of the first picture.
    pub seed: u64,
    /// Strengths of the deltas, newest delta first.
    pub strengths: Vec<f32>,
    /// Pictures per side.
    pub count: usize,
    /// Pictures of the base model alone; `None` if not requested.
    pub base: Option<ArcRwSignal<Side>>,
    /// Pictures with the deltas; `None` if not requested.
    pub personalised: Option<ArcRwSignal<Side>>,
    /// What its sides show.
    pub kind: ResultKind,
    /// A measurement, in words.
    pub note: ArcRwSignal<Option<String>>,
}

/// What a result shows.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultKind {
    /// Pictures of a prompt, by this request.
    Pictures(GenerateRequest),
    /// Where this word of the prompt has its attention.
    Attention(String),
    /// A picture and its edit.
    Edit,
}

/// One side of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// Not finished.
    Waiting,
    /// Finished.
    Ready(Arc<Vec<Pixels>>),
    /// Stopped or failed.
    Stopped,
}

impl ResultSet {
    /// An unfinished result of a request for pictures.
    pub fn of_request(request: &GenerateRequest) -> Self {
        let has_delta = !request.deltas.is_empty();
        let waiting = |wanted: bool| wanted.then(|| ArcRwSignal::new(Side::Waiting));
        Self {
            id: request.id,
            prompt: request.config.prompt.clone(),
            seed: request.config.seed,
            strengths: request.deltas.iter().map(|of| of.strength).collect(),
            count: request
                .strength_factors
                .len()
                .max(request.config.num_images_per_prompt),
            base: waiting(request.compare || !has_delta),
            personalised: waiting(has_delta),
            kind: if request.config.attend_to.is_empty() {
                ResultKind::Pictures(request.clone())
            } else {
                ResultKind::Attention(request.config.attend_to.clone())
            },
            note: ArcRwSignal::new(None),
        }
    }

    /// An unfinished result of an edit.
    pub fn of_edit(request: &EditRequest) -> Self {
        let waiting = || Some(ArcRwSignal::new(Side::Waiting));
        Self {
            id: request.id,
            prompt: request.config.target_prompt.clone(),
            seed: request.config.seed,
            strengths: Vec::new(),
            count: 1,
            base: waiting(),
            personalised: waiting(),
            kind: ResultKind::Edit,
            note: ArcRwSignal::new(None),
        }
    }

    /// True while a side is unfinished; tracked.
    fn is_waiting(&self) -> bool {
        [&self.base, &self.personalised]
            .into_iter()
            .flatten()
            .any(|side| side.with(|side| *side == Side::Waiting))
    }
}

/// The results on the page.
#[derive(Clone, Copy)]
pub struct Results {
    /// Newest first.
    pub list: RwSignal<Vec<ResultSet>>,
}

impl Results {
    /// No results.
    pub fn new() -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
        }
    }

    /// True while a result is unfinished; tracked.
    pub fn is_waiting(self) -> bool {
        self.list
            .with(|results| results.iter().any(ResultSet::is_waiting))
    }

    /// Shows a result before the others.
    pub fn add(self, result: ResultSet) {
        self.list.update(|results| {
            results.insert(0, result);
            results.truncate(MAX_RESULTS);
        });
    }

    /// The result of this id; not tracked.
    pub fn by_id(self, id: u32) -> Option<ResultSet> {
        self.list
            .with_untracked(|results| results.iter().find(|result| result.id == id).cloned())
    }

    /// Marks everything unfinished as stopped.
    pub fn stop_waiting(self) {
        self.list.with_untracked(|results| {
            for side in results
                .iter()
                .flat_map(|result| [&result.base, &result.personalised])
                .flatten()
            {
                if side.with_untracked(|side| *side == Side::Waiting) {
                    side.set(Side::Stopped);
                }
            }
        });
    }

    /// An edit is done; `lost` is the relative error of the inversion.
    pub fn on_edited(self, id: u32, lost: f32) {
        if let Some(result) = self.by_id(id) {
            result.note.set(Some(text::inversion(lost)));
        }
    }
}
