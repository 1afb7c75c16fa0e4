//! The JSON config files of a base model, with diffusers' names and defaults.
//!
//! An unsupported option that would change the result is an
//! [`Error::Config`](crate::Error::Config) that names the key and its value. Other unknown keys are
//! ignored.

mod clip;
mod index;
mod infer;
pub(super) mod reader;
mod scheduler;
mod unet;
mod vae;
mod vae_tiny;

pub use clip::{ClipTextConfig, HiddenAct};
pub use index::ModelIndex;
pub use infer::Inferred;
pub use scheduler::{BetaSchedule, PredictionType, SchedulerConfig, TimestepSpacing};
pub use unet::{DownBlockType, MidBlockType, UNetConfig, UpBlockType};
pub use vae::VaeConfig;
pub use vae_tiny::VaeTinyConfig;
