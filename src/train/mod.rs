//! A few pictures of a subject become spectral shifts δ.
//!
//! | file | what it does |
//! |---|---|
//! | [`settings`] | what a run is asked for, checked |
//! | [`subject`] | the subject's pictures as cached latents, its words and prompts |
//! | [`prior`] | the class as the base itself sees it, so that it is not forgotten |
//! | [`step`] | one batch: picture, noise and timestep drawn from one seeded stream |
//! | [`loss`] | MSE to the schedule's target + λ · the same for the class |
//! | [`gradient`] | the loss and its gradient, subject and class side by side on the CPU |
//! | [`optimiser`] | AdamW on the flat δ, two learning rates, clipping by the total norm |
//! | [`run`] | the trainer: steps, losses, preview, the finished delta |
//! | [`checkpoint`] | everything that a run needs to go on, as one checked blob |
//! | [`store`] | where that blob is kept |

pub mod checkpoint;
pub mod gradient;
pub mod loss;
pub mod optimiser;
pub mod prior;
pub mod run;
pub mod settings;
pub mod step;
pub mod store;
pub mod subject;

pub use checkpoint::Checkpoint;
pub use run::{StepReport, Trainer};
pub use settings::TrainSettings;
pub use store::CheckpointStore;
pub use subject::Subject;
