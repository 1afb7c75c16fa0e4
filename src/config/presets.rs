//! Recommended settings, by the number of subjects and the size of the model.
//!
//! `docs/recipe.md` says how those of the embedded model were found.

use super::TrainConfig;

/// Models with larger pictures, in pixels a side, are trained as the paper does.
pub const SMALL_RESOLUTION: usize = 128;

impl TrainConfig {
    /// The recommended settings of a run of `subjects` subjects, for a model of small pictures or of
    /// large ones.
    pub fn recommended(subjects: usize, large: bool) -> Self {
        if large {
            Self::for_large_model(subjects)
        } else {
            Self::for_subjects(subjects)
        }
    }

    /// For the embedded model. Several subjects take more steps, because collages leave each of them
    /// fewer samples of its own; each step may see less.
    pub fn for_subjects(subjects: usize) -> Self {
        match subjects {
            0 | 1 => Self::default(),
            _ => Self {
                max_train_steps: 150 * subjects,
                learning_rate: 4e-2,
                train_batch_size: 4,
                prior_batch_size: 1,
                ..Self::default()
            },
        }
    }

    /// The paper's, for models like Stable Diffusion: at 512 pixels the batch of
    /// [`for_subjects`](Self::for_subjects) takes more memory than most devices have.
    pub fn for_large_model(subjects: usize) -> Self {
        Self {
            max_train_steps: 500 * subjects.max(1),
            learning_rate: 1e-3,
            learning_rate_1d: 1e-6,
            train_batch_size: 1,
            prior_batch_size: 1,
            ..Self::default()
        }
    }
}
