//! Open deltas: taken in, opened again, put aside.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::state::{Booth, Gravity, NamedFile, OpenDelta, Preview, Training};
use crate::ui::text;
use crate::worker::protocol::{DeltaSummary, Origin, Pixels, Request};

impl Booth {
    /// Puts a delta aside.
    pub fn close_delta(self, id: String) {
        self.send(Request::CloseDelta { id });
    }

    /// Opens a delta file.
    pub fn open_delta(self, name: String, file: Arc<Vec<u8>>, apply_anyway: bool) {
        // Both end in a delta; one at a time keeps it clear whose it is.
        if self.training.get_untracked() != Training::Idle {
            return self.tell(Gravity::Warning, text::DELTA_WHILE_TRAINING.to_owned());
        }
        self.forget_messages();
        self.refused_delta.set(None);
        self.opening
            .update(|opening| opening.push((name.clone(), file.clone())));
        self.send(Request::OpenDelta {
            name,
            bytes: (*file).clone(),
            apply_anyway,
        });
    }

    /// Opens in a restarted engine what its forerunner had.
    pub fn reopen_deltas(self) {
        // They were open before, so the person has already agreed to them.
        let deltas = self.deltas.get_untracked();
        let files: Vec<NamedFile> = deltas
            .into_iter()
            .map(|open| (open.file_name, open.file))
            .collect();
        self.opening.update(|opening| {
            opening.splice(0..0, files.clone());
        });
        for (name, file) in files {
            self.post(Request::OpenDelta {
                name,
                bytes: (*file).clone(),
                apply_anyway: true,
            });
        }
    }

    /// A delta is open.
    pub fn on_delta(
        self,
        origin: Origin,
        id: String,
        summary: DeltaSummary,
        file_name: String,
        file: Vec<u8>,
    ) {
        let deltas = self.deltas.get_untracked();
        if origin == Origin::Opened {
            self.take_opening();
            self.refused_delta.set(None);
        }
        // After a restart the engine opens again what the page still shows.
        let known = deltas.iter().any(|open| open.id == id);
        if !known {
            let open = OpenDelta {
                id,
                key: self.id(),
                strength: ArcRwSignal::new(1.0),
                summary,
                file_name: text::shorten(&file_name, 100),
                file: Arc::new(file),
            };
            self.deltas.update(|deltas| deltas.insert(0, open.clone()));
            self.keep_delta(&open, self.preview_of(origin, &open));
            if origin == Origin::Opened {
                self.show_demo(&open);
            }
        }
        if !matches!(origin, Origin::Opened | Origin::Described) {
            // What was just made is looked at by itself first.
            for open in &deltas {
                open.strength.set(0.0);
            }
        }
        match origin {
            Origin::Opened if known => {}
            Origin::Opened => self.tell(Gravity::Note, text::delta_opened()),
            Origin::Described => {}
            Origin::Preview => self.tell(Gravity::Note, text::PREVIEW_KEPT.to_owned()),
            Origin::Combined => {
                self.busy.set(false);
                self.tell(Gravity::Note, text::COMBINED.to_owned());
            }
            Origin::Trained => {
                self.show_losses();
                self.learn_speed();
                self.notify_trained();
                self.training.set(Training::Idle);
                self.unfinished.set(None);
                self.tell(Gravity::Note, text::trained(deltas.len()));
                if self.tour.get_untracked() {
                    self.tour.set(false);
                    self.show_scenes();
                }
            }
        }
    }

    /// The newest preview of the steps that a delta has learned.
    fn preview_of(self, origin: Origin, open: &OpenDelta) -> Option<Pixels> {
        if !matches!(origin, Origin::Trained | Origin::Preview) {
            return None;
        }
        self.previews.with_untracked(|previews| {
            let learned = |shown: &&Preview| shown.step <= open.summary.steps;
            let newest = previews.iter().rfind(learned);
            newest.map(|shown| shown.picture.clone())
        })
    }

    /// The delta file that the engine has just answered for.
    pub fn take_opening(self) -> Option<NamedFile> {
        let taken = self
            .opening
            .try_update(|opening| (!opening.is_empty()).then(|| opening.remove(0)));
        taken.flatten()
    }
}
