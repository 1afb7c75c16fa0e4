//! Whether training can start, and what it will do.

use leptos::prelude::*;

use super::estimate::{Workload, seconds};
use super::state::Training;
use crate::ui::{engine::connection::EngineStatus, text};
use crate::worker::protocol::SubjectWords;

impl Training {
    /// What training will do; tracked.
    ///
    /// # Errors
    /// What prevents it, in words for the user.
    pub fn plan(self) -> Result<String, String> {
        if self.engine.status.get() == EngineStatus::Down {
            return Err(text::TRAIN_NEEDS_ENGINE.to_owned());
        }
        let subjects = self.complete_subjects()?;
        let config = self.settings.get();
        let plan = text::train_plan(
            config.max_train_steps,
            &subjects,
            config.num_class_images,
            self.collages.are_used(),
        );
        let workload = Workload {
            steps: config.max_train_steps as f32,
            samples: config.samples_per_step() as f32,
            prior_images: config.num_class_images as f32 * subjects.len() as f32,
            preview_every: config.validation_steps as f32,
        };
        let time = seconds(workload, self.device.forward_seconds.get());
        Ok(format!("{plan} {}", text::estimate(time)))
    }

    /// The words of each subject and the number of its pictures; tracked.
    fn complete_subjects(self) -> Result<Vec<(SubjectWords, usize)>, String> {
        let mut subjects: Vec<(SubjectWords, usize)> = Vec::new();
        let all = self.subjects.list.get();
        for (place, subject) in all.iter().enumerate() {
            let (words, usable) = (subject.words(), subject.usable());
            if usable == 0 {
                return Err(match all.len() {
                    1 => text::TRAIN_NEEDS_PICTURES.to_owned(),
                    _ => text::subject_needs_pictures(place + 1),
                });
            }
            if words.token.is_empty() || words.class_word.is_empty() {
                return Err(match all.len() {
                    1 => text::TRAIN_NEEDS_WORDS.to_owned(),
                    _ => text::subject_needs_words(place + 1),
                });
            }
            let same =
                |(of, _): &(SubjectWords, usize)| of.token.eq_ignore_ascii_case(&words.token);
            if subjects.iter().any(same) {
                return Err(text::same_identifier(&words.token));
            }
            subjects.push((words, usable));
        }
        Ok(subjects)
    }
}
