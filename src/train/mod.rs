//! A few pictures of a subject become spectral shifts δ.
//!
//! | file | what it does |
//! |---|---|
//! | [`settings`] | what a run is asked for, checked |
//! | [`words`] | what subjects are called, and the captions of their pictures |
//! | [`subject`] | a subject's pictures, checked |
//! | [`collage`] | Cut-Mix: two subjects in one picture |
//! | `prior` | the class as the base itself sees it, so that it is not forgotten |
//! | [`prepare`] | pictures, class pictures and collages as latents, once for the run |
//! | [`sample`] | one of them, with its caption |
//! | [`step`] | one batch: samples, noise and timesteps drawn from one seeded stream |
//! | [`loss`] | MSE to the schedule's target + λ · the same for the class + the unmix loss |
//! | [`attention_loss`] | Unmix: each subject's words look at their own half |
//! | [`tunable`] | what is trained, as one flat δ |
//! | [`gradient`] | the loss and its gradient, subject and class side by side on the CPU |
//! | [`recompute`] | the same gradient from the inputs of the UNet's stages, in less memory |
//! | [`optimiser`] | AdamW on the flat δ, two learning rates, clipping by the total norm |
//! | [`prepared`] | a run before U and V are taken up |
//! | [`onlooker`] | previews of a run whose base was let go of |
//! | [`run`] | the trainer: steps, losses, preview, the finished delta |
//! | [`checkpoint`] | everything that a run needs to go on, as one checked blob |
//! | [`store`] | where that blob is kept |

pub mod attention_loss;
pub mod checkpoint;
pub mod collage;
pub mod gradient;
pub mod loss;
pub mod onlooker;
pub mod optimiser;
pub mod prepare;
pub mod prepared;
pub mod recompute;
pub mod run;
pub mod sample;
pub mod settings;
pub mod step;
pub mod store;
pub mod subject;
pub mod tunable;
pub mod words;

mod prior;

pub use checkpoint::Checkpoint;
pub use onlooker::Onlooker;
pub use prepared::Prepared;
pub use recompute::Recompute;
pub use run::{StepReport, Trainer};
pub use settings::TrainSettings;
pub use store::CheckpointStore;
pub use subject::Subject;
pub use words::Words;
