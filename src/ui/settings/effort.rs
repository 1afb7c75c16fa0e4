//! The recommended training effort, which the settings follow until the user changes them.

use leptos::prelude::*;

use super::fields::TrainFields;
use crate::recipe::{self, Effort};

/// Recommendations for the number of subjects and the loaded model.
#[derive(Clone, Copy)]
pub struct RecommendedEffort {
    settings: TrainFields,
    subjects: StoredValue<usize>,
    /// The model makes larger pictures than the built-in one.
    large: StoredValue<bool>,
}

impl RecommendedEffort {
    /// For one subject and the built-in model.
    pub fn new(settings: TrainFields) -> Self {
        Self {
            settings,
            subjects: StoredValue::new(1),
            large: StoredValue::new(false),
        }
    }

    /// The number of subjects changed.
    pub fn set_subjects(self, subjects: usize) {
        self.follow(|| self.subjects.set_value(subjects));
    }

    /// A model with small or large pictures was loaded.
    pub fn set_large(self, large: bool) {
        self.follow(|| self.large.set_value(large));
    }

    /// Makes a change; settings that still hold the old recommendation get the new one.
    fn follow(self, change: impl FnOnce()) {
        let before = self.values();
        change();
        let fields = [
            self.settings.steps,
            self.settings.learning_rate,
            self.settings.learning_rate_1d,
            self.settings.batch,
            self.settings.prior_batch,
        ];
        for ((field, before), after) in fields.into_iter().zip(before).zip(self.values()) {
            let now = field.get_untracked();
            let then = followed(now, before, after);
            if then != now {
                field.set(then);
            }
        }
    }

    /// Steps, both learning rates, batch, prior batch.
    fn values(self) -> [f64; 5] {
        let (effort, learning_rate_1d) = self.get(self.large.get_value());
        [
            effort.steps as f64,
            effort.learning_rate,
            learning_rate_1d,
            effort.batch as f64,
            effort.prior_batch as f64,
        ]
    }

    /// The effort, and the learning rate of norms.
    fn get(self, large: bool) -> (Effort, f64) {
        let subjects = self.subjects.get_value();
        if large {
            (
                recipe::paper_effort(subjects),
                recipe::PAPER_LEARNING_RATE_1D,
            )
        } else {
            (recipe::effort(subjects), recipe::LEARNING_RATE_1D)
        }
    }

    /// Samples in one step after a model with small or large pictures is loaded.
    pub fn samples_with(self, large: bool) -> usize {
        let (before, _) = self.get(self.large.get_value());
        let (after, _) = self.get(large);
        let count = |field: RwSignal<f64>, before: usize, after: usize| {
            followed(field.get_untracked(), before as f64, after as f64)
        };
        let batch = count(self.settings.batch, before.batch, after.batch);
        let prior_batch = if untrack(|| self.settings.has_prior()) {
            count(
                self.settings.prior_batch,
                before.prior_batch,
                after.prior_batch,
            )
        } else {
            0.0
        };
        (batch + prior_batch) as usize
    }
}

/// The value of a setting whose default changes: the new default, unless the user set it.
fn followed(now: f64, before: f64, after: f64) -> f64 {
    if now == before { after } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_follows_its_default_until_it_is_chosen() {
        assert_eq!(followed(8.0, 8.0, 1.0), 1.0);
        assert_eq!(followed(3.0, 8.0, 1.0), 3.0);
    }
}
