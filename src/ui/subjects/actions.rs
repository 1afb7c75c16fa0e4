//! Adding, removing and naming subjects.

use leptos::prelude::*;

use super::state::{Subject, Subjects};
use crate::worker::protocol::SubjectWords;

impl Subjects {
    /// Adds an empty subject, if one is available.
    pub fn add(self) {
        let subjects = self.list.get_untracked();
        let unused = self.available.with_value(|available| {
            let unused = |of: &&Subject| subjects.iter().all(|shown| shown.number != of.number);
            available.iter().find(unused).copied()
        });
        if let Some(subject) = unused {
            self.change(|subjects| subjects.push(subject));
        }
    }

    /// Removes a subject and its pictures.
    pub fn remove(self, subject: Subject) {
        self.clear_pictures(subject);
        self.change(|subjects| subjects.retain(|of| of.number != subject.number));
    }

    fn change(self, change: impl FnOnce(&mut Vec<Subject>)) {
        self.list.update(change);
        self.effort.set_subjects(self.list.with_untracked(Vec::len));
    }

    /// Shows the words of an unfinished run.
    pub fn show_words(self, words: &[SubjectWords]) {
        while self.list.with_untracked(Vec::len) < words.len() {
            let before = self.list.with_untracked(Vec::len);
            self.add();
            if self.list.with_untracked(Vec::len) == before {
                break;
            }
        }
        for (subject, words) in self.list.get_untracked().iter().zip(words) {
            subject.token.set(words.token.clone());
            subject.class_word.set(words.class_word.clone());
        }
    }
}
