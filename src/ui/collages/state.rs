//! The strip of collages that training will use, and the user's changes of them.

use std::time::Duration;

use leptos::prelude::*;

use crate::config::{Captions, SubjectWords, TrainConfig, TrainConfigStoreFields};
use crate::ui::{
    browser::api::random_seed,
    engine::connection::{Engine, EngineStatus},
    settings::TrainSettings,
    subjects::state::Subjects,
};
use crate::worker::protocol::{ArrangedCollage, Collage, Request, ShownCollage, TrainRun};

/// Collages in the strip.
const STRIP: usize = 12;

/// The strip is requested again when nothing has changed for this time.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// The collages of the next run.
#[derive(Clone, Copy)]
pub struct Collages {
    /// The first ones of the run, by number.
    pub shown: RwSignal<Vec<ArcRwSignal<ShownCollage>>>,
    /// Those that the user changed.
    pub arranged: RwSignal<Vec<ArrangedCollage>>,
    /// The number of the collage in the editor.
    pub open: RwSignal<Option<usize>>,
    /// Why there are no collages.
    pub refusal: RwSignal<Option<String>>,
    /// Counts the changes, so that only the latest one is requested.
    version: StoredValue<u32>,
    /// The engine is composing a collage.
    composing: StoredValue<bool>,
    /// A collage that changed while the engine was composing.
    pending: StoredValue<Option<usize>>,
    engine: Engine,
    subjects: Subjects,
    settings: TrainSettings,
}

impl Collages {
    /// No collages.
    pub fn new(engine: Engine, subjects: Subjects, settings: TrainSettings) -> Self {
        Self {
            shown: RwSignal::new(Vec::new()),
            arranged: RwSignal::new(Vec::new()),
            open: RwSignal::new(None),
            refusal: RwSignal::new(None),
            version: StoredValue::new(0),
            composing: StoredValue::new(false),
            pending: StoredValue::new(None),
            engine,
            subjects,
            settings,
        }
    }
}

/// Everything that the strip depends on.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    subjects: Vec<SubjectWords>,
    /// Ids and crops of each subject's pictures.
    pictures: Vec<Vec<(u32, f32)>>,
    captions: Captions,
    seed: u64,
}

impl Collages {
    /// True if the settings ask for collages; tracked.
    pub fn are_used(self) -> bool {
        self.subjects.count() > 1 && self.settings.mix_probability().get() > 0.0
    }

    /// Requests the strip again whenever something that it depends on changes.
    pub fn follow(self) {
        let wanted = Memo::new(move |_| self.wanted());
        Effect::new(move || {
            self.version
                .update_value(|version| *version = version.wrapping_add(1));
            let version = self.version.get_value();
            let Some(wanted) = wanted.get() else {
                self.shown.set(Vec::new());
                self.open.set(None);
                self.refusal.set(None);
                return;
            };
            self.forget_incomplete(&wanted);
            set_timeout(
                move || {
                    if self.version.try_get_value() == Some(version) {
                        self.request();
                    }
                },
                DEBOUNCE,
            );
        });
    }

    /// Forgets the user's collages whose pictures were removed.
    fn forget_incomplete(self, wanted: &Wanted) {
        let exists = |id: u32| wanted.pictures.iter().flatten().any(|(of, _)| *of == id);
        let is_incomplete =
            |of: &ArrangedCollage| of.collage.halves.iter().any(|half| !exists(half.picture));
        if self
            .arranged
            .with_untracked(|arranged| arranged.iter().any(is_incomplete))
        {
            self.arranged
                .update(|arranged| arranged.retain(|of| !is_incomplete(of)));
        }
    }

    fn wanted(self) -> Option<Wanted> {
        let subjects = self.subjects.list.get();
        let pictures: Vec<_> = subjects.iter().map(|subject| subject.accepted()).collect();
        let complete = pictures.iter().all(|of| !of.is_empty());
        (self.engine.status.get() == EngineStatus::Ready && self.are_used() && complete).then(
            || Wanted {
                subjects: subjects.iter().map(|subject| subject.words()).collect(),
                pictures,
                captions: self.settings.captions().get(),
                seed: self.settings.seed().get(),
            },
        )
    }

    fn request(self) {
        // A restarted engine composes nothing any more.
        self.composing.set_value(false);
        self.engine.send(Request::ShowCollages {
            run: untrack(|| self.run()),
            count: STRIP,
        });
    }

    /// The next run, with its subjects and the user's collages; tracked.
    pub fn run(self) -> TrainRun {
        let subjects = self.subjects.list.get();
        TrainRun {
            config: TrainConfig {
                subjects: subjects.iter().map(|subject| subject.words()).collect(),
                ..self.settings.get()
            },
            subject_numbers: subjects.iter().map(|subject| subject.number).collect(),
            arranged: self.arranged.get(),
        }
    }

    /// The strip has arrived.
    pub fn on_strip(self, collages: Vec<ShownCollage>) {
        self.refusal.set(None);
        let known = self.shown.get_untracked();
        for (place, collage) in known.iter().zip(&collages) {
            place.set(collage.clone());
        }
        if known.len() != collages.len() {
            self.shown.update(|shown| {
                shown.truncate(collages.len());
                let more = collages.into_iter().skip(known.len());
                shown.extend(more.map(ArcRwSignal::new));
            });
        }
    }

    /// A collage that the user changed is composed.
    pub fn on_collage(self, collage: ShownCollage) {
        self.composing.set_value(false);
        let pending = self.pending.try_update_value(Option::take).flatten();
        if let Some(place) = self.by_number(collage.number) {
            place.update(|shown| {
                shown.picture = collage.picture;
                shown.caption = collage.caption;
            });
        }
        if let Some(number) = pending {
            self.compose(number);
        }
    }

    /// Collages cannot be made, for this reason.
    pub fn on_refused(self, why: String) {
        self.composing.set_value(false);
        self.shown.set(Vec::new());
        self.open.set(None);
        self.refusal.set(Some(why));
    }

    /// The collage of this number; not tracked.
    pub fn by_number(self, number: usize) -> Option<ArcRwSignal<ShownCollage>> {
        self.shown
            .with_untracked(|shown| shown.get(number).cloned())
    }

    /// Changes a collage, in the strip and for training.
    pub fn arrange(self, number: usize, change: impl FnOnce(&mut Collage)) {
        let Some(place) = self.by_number(number) else {
            return;
        };
        let mut collage = place.with_untracked(|shown| shown.collage);
        change(&mut collage);
        place.update(|shown| shown.collage = collage);
        self.arranged.update(|arranged| {
            arranged.retain(|of| of.number != number);
            arranged.push(ArrangedCollage { number, collage });
        });
        self.compose(number);
    }

    /// Asks the engine to compose a collage. Only one at a time: dragging is faster than the engine.
    fn compose(self, number: usize) {
        if self.composing.get_value() {
            return self.pending.set_value(Some(number));
        }
        let Some(place) = self.by_number(number) else {
            return;
        };
        self.composing.set_value(true);
        self.engine.send(Request::ArrangeCollage {
            run: untrack(|| self.run()),
            number,
            collage: place.with_untracked(|shown| shown.collage),
        });
    }

    /// Discards the user's changes of a collage.
    pub fn reset(self, number: usize) {
        self.arranged
            .update(|arranged| arranged.retain(|of| of.number != number));
        if untrack(|| self.wanted()).is_some() {
            self.request();
        }
    }

    /// Draws other collages, with another seed.
    pub fn shuffle(self) {
        self.arranged.set(Vec::new());
        self.open.set(None);
        self.settings.seed().set(random_seed());
    }
}
