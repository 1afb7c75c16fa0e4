//! A few pictures of a subject become spectral shifts δ.
//!
//! | module | what it does |
//! |---|---|
//! | [`dataset`] | pictures, class pictures and collages as latents with captions |
//! | [`step`] | one batch: samples, noise and timesteps drawn from one seeded stream |
//! | [`loss`] | MSE to the schedule's target + λ · prior loss + unmix loss, and its gradient |
//! | [`trainable_models`] | what is trained, as one flat δ |
//! | [`optimizer`] | AdamW on the flat δ, two learning rates, clipping by the total norm |
//! | [`trainer`] | steps, losses, preview, the finished delta |
//! | [`preview`] | previews of a run whose base model was offloaded |
//! | [`checkpoint`] | all that a run needs to resume, as one checked blob, and where it is stored |

pub mod checkpoint;
pub mod dataset;
pub mod loss;
pub mod optimizer;
pub mod preview;
pub mod run;
pub mod step;
pub mod trainable_models;
pub mod trainer;

pub use crate::config::{SubjectWords, TrainConfig};
pub use checkpoint::Checkpoint;
pub use dataset::prepared::Prepared;
pub use dataset::subject::Subject;
pub use loss::recompute::Recompute;
pub use preview::Onlooker;
pub use run::TrainHooks;
pub use trainer::{StepReport, Trainer};
