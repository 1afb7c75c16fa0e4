//! What a person can do, as requests to the engine.

use leptos::prelude::*;

use crate::ui::settings::fields::Row;
use crate::ui::state::{
    Booth, Check, Engine, Gravity, ResultKind, ResultSet, Side, Stages, Training,
};
use crate::ui::text;
use crate::worker::{
    client::EngineClient,
    protocol::{DeltaStrength, GenerateRequest, Request},
};

/// Results kept on the page.
const RESULTS: usize = 40;

/// A row of strengths: each of the open deltas' times these.
const FACTORS: [f32; 6] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25];

/// Scenes that 'Try it' ends with; none is among the samples' grounds.
const TOUR: [&str; 3] = ["in space", "in the snow", "on a beach"];

impl Booth {
    /// Starts the engine's worker.
    pub fn start(self) {
        if let Some(warning) = self.options.with_value(|options| options.warning) {
            self.tell(Gravity::Warning, warning.to_owned());
        }
        if self.engine.get_untracked() != Engine::Asking {
            self.start_engine();
        }
    }

    /// Fetches the engine and starts it.
    pub fn start_engine(self) {
        self.engine.set(Engine::Starting);
        self.client
            .set_value(Some(EngineClient::spawn(move |event| self.on_event(event))));
    }

    /// Starts it again after it went down; its `Ready` brings everything back.
    pub fn restart(self) {
        self.engine.set(Engine::Starting);
        self.check.set(None);
        self.stages.set(Stages::default());
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.restart();
            }
        });
    }

    /// Sends now; only for requests that may go before the base is loaded.
    pub fn post(self, request: Request) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.send(request);
            }
        });
    }

    /// Sends as soon as the worker listens.
    pub fn send(self, request: Request) {
        match self.engine.get_untracked() {
            Engine::Asking | Engine::Starting | Engine::Down => {
                self.outbox.update_value(|outbox| outbox.push(request))
            }
            Engine::Loading | Engine::Ready => self.post(request),
        }
    }

    /// Trains on the pictures that were taken in.
    pub fn start_training(self) {
        self.begin_run();
        let arranged = self.collages.arranged.get_untracked();
        let request = self.train.request(self.subject_words(), arranged);
        self.send(Request::Train(request));
    }

    /// 'Try it': trains on the pictures that were taken in, and shows the subject in three scenes.
    pub fn train_and_show(self) {
        self.tour.set(true);
        self.generate.prompt.set(None);
        self.start_training();
    }

    /// Goes on with the run that this browser holds.
    pub fn continue_run(self) {
        let Some(run) = self.unfinished.get_untracked() else {
            return;
        };
        self.train.show(&run.request);
        self.name_subjects(&run.request.subjects);
        self.begin_run();
        self.send(Request::ResumeRun);
    }

    /// Deletes that run.
    pub fn discard_run(self) {
        self.unfinished.set(None);
        self.send(Request::DiscardRun);
    }

    fn begin_run(self) {
        self.forget_messages();
        self.fresh_losses.set_value(Vec::new());
        self.losses.set(Vec::new());
        self.previews.set(Vec::new());
        self.pace.set(None);
        self.saved_at.set(None);
        self.unfinished.set(None);
        self.stages
            .update(|stages| (stages.decompose, stages.prior, stages.train) = (None, None, None));
        self.training.set(Training::Running);
    }

    /// Ends what runs; a training run keeps what it has learned.
    pub fn cancel(self) {
        if self.training.get_untracked() != Training::Idle {
            self.training.set(Training::Stopping);
            self.tour.set(false);
        }
        self.send(Request::Cancel);
    }

    /// Makes what the fields of card 3 ask for.
    pub fn make_pictures(self) {
        self.forget_messages();
        self.make(
            untrack(|| self.prompt()),
            self.generate.count.get_untracked() as usize,
            self.generate.compare.get_untracked(),
            self.generate.row.get_untracked(),
        );
    }

    /// The end of 'Try it': the subject in three scenes, beside the base's own.
    pub fn show_scenes(self) {
        let words = untrack(|| self.words());
        let Some(subject) = words.first() else {
            return;
        };
        // Newest first on the page, so the first scene is asked for last.
        for scene in TOUR.iter().rev() {
            self.make(text::prompt(subject, scene), 1, true, Row::Seeds);
        }
    }

    fn make(self, prompt: String, count: usize, compare: bool, row: Row) {
        let deltas: Vec<DeltaStrength> = self.deltas.with_untracked(|deltas| {
            let strengths = deltas.iter().map(|open| DeltaStrength {
                id: open.id.clone(),
                strength: open.strength.get_untracked() as f32,
            });
            strengths.filter(|of| of.strength != 0.0).collect()
        });
        let has_delta = !deltas.is_empty();
        let fields = &self.generate;
        self.ask(GenerateRequest {
            id: self.id(),
            prompt,
            negative_prompt: fields.negative_prompt.get_untracked(),
            seed: fields.seed.get_untracked() as u64,
            sampler: fields.sampler.get_untracked(),
            steps: fields.steps.get_untracked() as usize,
            guidance_scale: fields.guidance_scale.get_untracked(),
            deltas,
            count,
            // Without a delta the pictures are the base's own anyway.
            compare: compare && has_delta,
            strength_factors: match row {
                Row::Strengths if has_delta => FACTORS.to_vec(),
                _ => Vec::new(),
            },
            attend_to: String::new(),
        });
    }

    /// Makes the pictures of a result again, dark where a word of its prompt did not look.
    pub fn look(self, request: &GenerateRequest, word: &str) {
        self.forget_messages();
        self.ask(GenerateRequest {
            id: self.id(),
            attend_to: word.to_owned(),
            ..request.clone()
        });
    }

    /// Puts an empty result on the page and asks the engine for it.
    pub fn ask(self, request: GenerateRequest) {
        let has_delta = !request.deltas.is_empty();
        let waiting = |wanted: bool| wanted.then(|| ArcRwSignal::new(Side::Waiting));
        self.show_result(ResultSet {
            id: request.id,
            prompt: request.prompt.clone(),
            seed: request.seed,
            strengths: request.deltas.iter().map(|of| of.strength).collect(),
            count: request.strength_factors.len().max(request.count),
            base: waiting(request.compare || !has_delta),
            personalised: waiting(has_delta),
            kind: if request.attend_to.is_empty() {
                ResultKind::Pictures(request.clone())
            } else {
                ResultKind::Look(request.attend_to.clone())
            },
            note: ArcRwSignal::new(None),
        });
        self.send(Request::Generate(request));
    }

    /// Puts a result before the others.
    pub fn show_result(self, result: ResultSet) {
        self.results.update(|results| {
            results.insert(0, result);
            results.truncate(RESULTS);
        });
    }

    /// True when Generate would do something; tracked.
    pub fn may_generate(self) -> bool {
        self.engine.get() != Engine::Down
            && !self.is_training()
            && !self.is_generating()
            && !self.prompt().trim().is_empty()
    }

    /// Holds the training, or lets it go on; the engine answers with `Paused`.
    pub fn hold(self, paused: bool) {
        self.send(if paused {
            Request::Pause
        } else {
            Request::Resume
        });
    }

    /// Holds what the device computes against diffusers' own numbers.
    pub fn check_device(self) {
        self.check.set(Some(Check::Running));
        self.send(Request::CheckDevice);
    }
}
