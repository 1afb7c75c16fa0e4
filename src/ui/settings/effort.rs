//! The recommended settings, which the page follows until the user changes them.

use leptos::prelude::*;

use super::TrainSettings;
use crate::config::TrainConfig;

/// Recommendations for the number of subjects and the loaded model.
#[derive(Clone, Copy)]
pub struct RecommendedEffort {
    settings: TrainSettings,
    subjects: StoredValue<usize>,
    /// The model makes larger pictures than the built-in one.
    large: StoredValue<bool>,
}

impl RecommendedEffort {
    /// For one subject and the built-in model.
    pub fn new(settings: TrainSettings) -> Self {
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
        let before = self.recommended(self.large.get_value());
        change();
        let after = self.recommended(self.large.get_value());
        let now = self.settings.get_untracked();
        let then = followed(&now, &before, &after);
        if then != now {
            self.settings.set(then);
        }
    }

    fn recommended(self, large: bool) -> TrainConfig {
        TrainConfig::recommended(self.subjects.get_value(), large)
    }

    /// Samples in one step after a model with small or large pictures is loaded.
    pub fn samples_with(self, large: bool) -> usize {
        let before = self.recommended(self.large.get_value());
        let now = self.settings.get_untracked();
        followed(&now, &before, &self.recommended(large)).samples_per_step()
    }
}

/// The settings after their recommendation changed: those that the user did not set follow.
fn followed(now: &TrainConfig, before: &TrainConfig, after: &TrainConfig) -> TrainConfig {
    fn value<T: PartialEq>(now: T, before: T, after: T) -> T {
        if now == before { after } else { now }
    }
    macro_rules! follow {
        ($($field:ident),*) => {
            TrainConfig {
                $($field: value(now.$field, before.$field, after.$field),)*
                ..now.clone()
            }
        };
    }
    follow!(
        max_train_steps,
        learning_rate,
        learning_rate_1d,
        train_batch_size,
        prior_batch_size
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_follows_its_default_until_it_is_chosen() {
        let (small, large) = (
            TrainConfig::for_subjects(1),
            TrainConfig::for_large_model(1),
        );
        let batch = |now: usize| {
            let now = TrainConfig {
                train_batch_size: now,
                ..small.clone()
            };
            followed(&now, &small, &large).train_batch_size
        };
        assert_eq!(batch(8), 1);
        assert_eq!(batch(3), 3);
    }
}
