//! Settings: each is defined once, with its default, unit and range.
//!
//! The trainer, the worker protocol, the command line, the page and the embedding module use these
//! structs as they are. Names follow diffusers' training scripts and pipelines.
//!
//! | module | content |
//! |---|---|
//! | [`train`] | [`TrainConfig`], the settings of a training run |
//! | [`presets`] | settings for several subjects, for larger models, for one picture |
//! | [`generate`] | [`GenerateConfig`], the settings of pictures |
//! | [`edit`] | [`EditConfig`], the settings of an edited picture |
//! | [`choices`] | the enums: scheduler, sampler, layers |
//! | [`subject`], [`captions`] | the words of subjects, and the captions that hold them |
//! | [`collage`] | two subjects in one picture |
//! | [`file`](mod@file) | the names of settings in checkpoints and deltas |
//!
//! With the feature `booth` the structs derive [`clap::Args`]: the flag of `max_train_steps` is
//! `--max-train-steps`. With the feature `page` they derive `reactive_stores::Store`, so that the
//! page's fields bind to their fields.

pub mod captions;
pub mod choices;
pub mod collage;
pub mod edit;
pub mod file;
pub mod generate;
pub mod presets;
pub mod subject;
pub mod train;

mod checks;

#[cfg(feature = "page")]
pub use self::{
    captions::CaptionsStoreFields, edit::EditConfigStoreFields,
    generate::GenerateConfigStoreFields, train::TrainConfigStoreFields,
};
pub use captions::Captions;
pub use choices::{LayerPreset, LrScheduler, NormShift, SamplerKind, TimestepSampling};
pub use edit::EditConfig;
pub use generate::GenerateConfig;
pub use subject::SubjectWords;
pub use train::TrainConfig;
