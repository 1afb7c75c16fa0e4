//! The strip of collages that training will use, and what a person makes of one.

use std::time::Duration;

use leptos::prelude::*;

use crate::ui::state::{Booth, Engine};
use crate::worker::protocol::{
    ArrangedCollage, Captions, Collage, CollagesRequest, Request, ShownCollage, SubjectWords,
};

/// Collages in the strip.
const STRIP: usize = 12;

/// So long nothing may change before the strip is drawn again.
const PAUSE: Duration = Duration::from_millis(300);

/// What the page knows of collages.
#[derive(Clone, Copy)]
pub struct Collages {
    /// The first of the run, by their numbers.
    pub shown: RwSignal<Vec<ArcRwSignal<ShownCollage>>>,
    /// Those that the person arranged.
    pub arranged: RwSignal<Vec<ArrangedCollage>>,
    /// The one in the editor.
    pub open: RwSignal<Option<usize>>,
    /// Why there are none.
    pub refusal: RwSignal<Option<String>>,
    /// Counts the changes, so that only the newest is drawn.
    turn: StoredValue<u32>,
    /// One is being composed.
    composing: StoredValue<bool>,
    /// The one that has changed since.
    again: StoredValue<Option<usize>>,
}

impl Collages {
    /// None yet.
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(Vec::new()),
            arranged: RwSignal::new(Vec::new()),
            open: RwSignal::new(None),
            refusal: RwSignal::new(None),
            turn: StoredValue::new(0),
            composing: StoredValue::new(false),
            again: StoredValue::new(None),
        }
    }
}

/// What the strip depends on.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    subjects: Vec<SubjectWords>,
    /// Ids and crops of each subject's pictures.
    pictures: Vec<Vec<(u32, f32)>>,
    captions: Captions,
    seed: u64,
}

impl Booth {
    /// Whether training will use collages, as far as the fields say; tracked.
    pub fn mixes(&self) -> bool {
        self.subjects.with(Vec::len) > 1 && self.train.mix_probability.get() > 0.0
    }

    /// Draws the strip anew whenever what it depends on has changed.
    pub fn follow_collages(self) {
        let wanted = Memo::new(move |_| self.wanted_collages());
        Effect::new(move || {
            let of = self.collages;
            of.turn.update_value(|turn| *turn = turn.wrapping_add(1));
            let turn = of.turn.get_value();
            let Some(wanted) = wanted.get() else {
                of.shown.set(Vec::new());
                of.open.set(None);
                of.refusal.set(None);
                return;
            };
            let there = |id: u32| wanted.pictures.iter().flatten().any(|(of, _)| *of == id);
            let lacks =
                |own: &ArrangedCollage| own.collage.halves.iter().any(|half| !there(half.picture));
            if of.arranged.with_untracked(|own| own.iter().any(lacks)) {
                of.arranged.update(|own| own.retain(|own| !lacks(own)));
            }
            set_timeout(
                move || {
                    if of.turn.try_get_value() == Some(turn) {
                        self.ask_for_collages(wanted);
                    }
                },
                PAUSE,
            );
        });
    }

    fn wanted_collages(self) -> Option<Wanted> {
        let subjects = self.subjects.get();
        let pictures: Vec<_> = subjects.iter().map(|subject| subject.taken()).collect();
        let complete = pictures.iter().all(|of| !of.is_empty());
        (self.engine.get() == Engine::Ready && self.mixes() && complete).then(|| Wanted {
            subjects: subjects.iter().map(|subject| subject.words()).collect(),
            pictures,
            captions: self.train.captions(),
            seed: self.train.seed.get() as u64,
        })
    }

    fn ask_for_collages(self, wanted: Wanted) {
        // A restarted engine has forgotten what it was composing.
        self.collages.composing.set_value(false);
        self.send(Request::ShowCollages(CollagesRequest {
            subjects: wanted.subjects,
            captions: wanted.captions,
            seed: wanted.seed,
            count: STRIP,
            arranged: self.collages.arranged.get_untracked(),
        }));
    }

    /// The strip is there.
    pub fn on_collages(self, collages: Vec<ShownCollage>) {
        let of = self.collages;
        of.refusal.set(None);
        let known = of.shown.get_untracked();
        for (place, collage) in known.iter().zip(&collages) {
            place.set(collage.clone());
        }
        if known.len() != collages.len() {
            of.shown.update(|shown| {
                shown.truncate(collages.len());
                let more = collages.into_iter().skip(known.len());
                shown.extend(more.map(ArcRwSignal::new));
            });
        }
    }

    /// One was composed.
    pub fn on_collage(self, collage: ShownCollage) {
        let of = self.collages;
        of.composing.set_value(false);
        let again = of.again.try_update_value(Option::take).flatten();
        if let Some(place) = self.collage(collage.number) {
            place.update(|shown| {
                shown.picture = collage.picture;
                shown.caption = collage.caption;
            });
        }
        if let Some(number) = again {
            self.compose(number);
        }
    }

    /// There are none; why.
    pub fn on_collages_refused(self, why: String) {
        let of = self.collages;
        of.composing.set_value(false);
        of.shown.set(Vec::new());
        of.open.set(None);
        of.refusal.set(Some(why));
    }

    /// The collage of this number.
    pub fn collage(self, number: usize) -> Option<ArcRwSignal<ShownCollage>> {
        self.collages
            .shown
            .with_untracked(|shown| shown.get(number).cloned())
    }

    /// Changes a collage; training will use it as it is then.
    pub fn arrange(self, number: usize, change: impl FnOnce(&mut Collage)) {
        let Some(place) = self.collage(number) else {
            return;
        };
        let mut collage = place.with_untracked(|shown| shown.collage);
        change(&mut collage);
        place.update(|shown| shown.collage = collage);
        self.collages.arranged.update(|own| {
            own.retain(|own| own.number != number);
            own.push(ArrangedCollage { number, collage });
        });
        self.compose(number);
    }

    /// One at a time: a hand that drags is faster than the engine.
    fn compose(self, number: usize) {
        let of = self.collages;
        if of.composing.get_value() {
            return of.again.set_value(Some(number));
        }
        let Some(place) = self.collage(number) else {
            return;
        };
        of.composing.set_value(true);
        self.send(Request::ArrangeCollage {
            subjects: self.subject_words(),
            captions: untrack(|| self.train.captions()),
            number,
            collage: place.with_untracked(|shown| shown.collage),
        });
    }

    /// Takes a person's changes of a collage back.
    pub fn as_drawn(self, number: usize) {
        self.collages
            .arranged
            .update(|own| own.retain(|own| own.number != number));
        if let Some(wanted) = untrack(|| self.wanted_collages()) {
            self.ask_for_collages(wanted);
        }
    }

    /// Draws other collages, with a new seed.
    pub fn shuffle(self) {
        self.collages.arranged.set(Vec::new());
        self.collages.open.set(None);
        self.train.seed.set(crate::ui::browser::api::random_seed());
    }
}
