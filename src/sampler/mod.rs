//! Noise schedule, sampling methods and seeded noise.
//!
//! | file | diffusers |
//! |---|---|
//! | [`schedule`] | what DDIMScheduler and DDPMScheduler share: betas, ᾱ, timesteps, `add_noise`, the training target |
//! | [`ddim`] | DDIMScheduler |
//! | [`ddpm`] | DDPMScheduler |
//! | [`noise`] | `torch.Generator`, but the same numbers on every machine |

pub mod ddim;
pub mod ddpm;
pub mod noise;
pub mod schedule;

pub use ddim::Ddim;
pub use ddpm::Ddpm;
pub use noise::Noise;
pub use schedule::NoiseSchedule;
