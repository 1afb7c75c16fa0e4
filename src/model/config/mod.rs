//! What a base model's JSON files say about it, with diffusers' names and defaults.
//!
//! Every option that would change the result and that this crate does not have is an
//! [`Error::Config`](crate::Error::Config) that names the key and its value; a key that changes nothing here is ignored.

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
