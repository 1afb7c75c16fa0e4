//! What a person can do with subjects and their pictures.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::generate::edit::EDITED;
use crate::ui::models::memory::followed;
use crate::ui::state::{Booth, PictureView, Subject, SubjectPicture};
use crate::worker::protocol::{Request, SubjectWords};

impl Booth {
    /// Puts an empty subject below the others, if there is a place for one.
    pub fn add_subject(self) {
        let subjects = self.subjects.get_untracked();
        let free = self.places.with_value(|places| {
            let free = |place: &&Subject| subjects.iter().all(|of| of.number != place.number);
            places.iter().find(free).copied()
        });
        if let Some(subject) = free {
            self.change_subjects(|subjects| subjects.push(subject));
        }
    }

    /// Takes a subject away, with its pictures.
    pub fn remove_subject(self, subject: Subject) {
        self.clear_pictures(subject);
        self.change_subjects(|subjects| subjects.retain(|of| of.number != subject.number));
    }

    fn change_subjects(self, change: impl FnOnce(&mut Vec<Subject>)) {
        self.follow_effort(|| self.subjects.update(change));
    }

    /// The effort follows the number of subjects and the model until a person chooses another one.
    pub fn follow_effort(self, change: impl FnOnce()) {
        let of = || {
            let (effort, learning_rate_1d) = self.effort(self.subjects.with_untracked(Vec::len));
            let counts = [effort.steps, effort.batch, effort.prior_batch].map(|n| n as f64);
            let [steps, batch, prior_batch] = counts;
            [
                steps,
                effort.learning_rate,
                learning_rate_1d,
                batch,
                prior_batch,
            ]
        };
        let before = of();
        change();
        let of_train = self.train;
        let fields = [
            of_train.steps,
            of_train.learning_rate,
            of_train.learning_rate_1d,
            of_train.batch,
            of_train.prior_batch,
        ];
        for ((field, before), after) in fields.into_iter().zip(before).zip(of()) {
            let now = field.get_untracked();
            let then = followed(now, before, after);
            if then != now {
                field.set(then);
            }
        }
    }

    /// Everything that has pictures: the subjects, and what is to be edited.
    pub fn all_subjects(self) -> Vec<Subject> {
        let mut subjects = self.subjects.get_untracked();
        subjects.push(self.edit.subject);
        subjects
    }

    /// The subject of this number, otherwise the last one: where files go.
    pub fn subject_for(self, number: Option<u32>) -> Option<Subject> {
        if number == Some(EDITED) {
            return Some(self.edit.subject);
        }
        self.subjects.with_untracked(|subjects| {
            let named = subjects.iter().find(|of| Some(of.number) == number);
            named.or(subjects.last()).copied()
        })
    }

    /// What all subjects are called.
    pub fn subject_words(self) -> Vec<SubjectWords> {
        let subjects = self.subjects.get_untracked();
        untrack(|| subjects.iter().map(Subject::words).collect())
    }

    /// Shows the words of a run that goes on.
    pub fn name_subjects(self, words: &[SubjectWords]) {
        while self.subjects.with_untracked(Vec::len) < words.len() {
            let before = self.subjects.with_untracked(Vec::len);
            self.add_subject();
            if self.subjects.with_untracked(Vec::len) == before {
                break;
            }
        }
        for (subject, words) in self.subjects.get_untracked().iter().zip(words) {
            subject.token.set(words.token.clone());
            subject.class_word.set(words.class_word.clone());
        }
    }

    /// Puts a picture among a subject's and gives it to the engine.
    pub fn add_picture(self, subject: Subject, name: String, bytes: Vec<u8>) {
        let wide = crate::ui::subjects::dimensions::dimensions(&bytes)
            .is_some_and(|(width, height)| width != height);
        let picture = SubjectPicture {
            id: self.id(),
            name,
            bytes: Arc::new(bytes),
            wide,
            view: ArcRwSignal::new(PictureView::Waiting),
            offset: ArcRwSignal::new(0.5),
            quarters: ArcRwSignal::new(0),
            faults: ArcRwSignal::new(Vec::new()),
        };
        let add = Request::AddPicture {
            id: picture.id,
            subject: subject.number,
            name: picture.name.clone(),
            bytes: (*picture.bytes).clone(),
        };
        // What is edited is one picture: a new one takes the place of the last.
        if subject.number == EDITED {
            self.clear_pictures(subject);
        }
        subject.pictures.update(|pictures| pictures.push(picture));
        self.send(add);
    }

    /// Gives a restarted engine a picture that its forerunner had, with the same crop.
    pub fn post_picture(self, subject: Subject, picture: &SubjectPicture) {
        let offset = picture.offset.get_untracked();
        let quarters = picture.quarters.get_untracked();
        self.post(Request::AddPicture {
            id: picture.id,
            subject: subject.number,
            name: picture.name.clone(),
            bytes: (*picture.bytes).clone(),
        });
        if quarters != 0 {
            self.post(Request::TurnPicture {
                id: picture.id,
                quarters,
            });
        }
        if picture.wide && offset != 0.5 {
            self.post(Request::CropPicture {
                id: picture.id,
                offset,
            });
        }
    }

    /// Moves the square crop of a picture.
    pub fn crop_picture(self, picture: &SubjectPicture, offset: f32) {
        picture.offset.set(offset);
        self.send(Request::CropPicture {
            id: picture.id,
            offset,
        });
    }

    /// Turns a picture by a quarter to the right.
    pub fn turn_picture(self, picture: &SubjectPicture) {
        let quarters = (picture.quarters.get_untracked() + 1) % 4;
        picture.quarters.set(quarters);
        self.send(Request::TurnPicture {
            id: picture.id,
            quarters,
        });
    }

    /// Forgets a picture, at once on the page.
    pub fn remove_picture(self, id: u32) {
        self.drop_picture(id);
        self.send(Request::RemovePicture { id });
    }

    /// Takes a picture off the page.
    pub fn drop_picture(self, id: u32) {
        for subject in self.all_subjects() {
            if subject
                .pictures
                .with_untracked(|of| of.iter().any(|p| p.id == id))
            {
                subject
                    .pictures
                    .update(|pictures| pictures.retain(|picture| picture.id != id));
            }
        }
    }

    /// Forgets all pictures of a subject.
    pub fn clear_pictures(self, subject: Subject) {
        let ids: Vec<u32> = subject
            .pictures
            .with_untracked(|pictures| pictures.iter().map(|p| p.id).collect());
        for id in ids {
            self.remove_picture(id);
        }
    }
}
