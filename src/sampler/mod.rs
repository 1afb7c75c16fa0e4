//! Noise schedule, sampling methods and seeded noise (diffusers' schedulers).
//!
//! | file | diffusers |
//! |---|---|
//! | [`schedule`] | common to all schedulers: betas, ᾱ, timesteps, `add_noise`, the training target |
//! | `sigmas` | noise levels of the Euler schedulers and DPMSolverMultistepScheduler |
//! | [`ddim`] | DDIMScheduler |
//! | [`ddim_inverse`] | DDIMInverseScheduler |
//! | [`ddpm`] | DDPMScheduler |
//! | [`euler`] | EulerDiscreteScheduler |
//! | [`euler_ancestral`] | EulerAncestralDiscreteScheduler |
//! | [`dpm_solver`] | DPMSolverMultistepScheduler |
//! | [`lcm`] | LCMScheduler |
//! | [`any`] | one interface for all of them |
//! | [`noise`] | `torch.Generator`, with the same values on every machine |

pub mod any;
pub mod ddim;
pub mod ddim_inverse;
pub mod ddpm;
pub mod dpm_solver;
pub mod euler;
pub mod euler_ancestral;
pub mod lcm;
pub mod noise;
pub mod schedule;
mod sigmas;

pub use crate::config::SamplerKind;
pub use any::Sampler;
pub use ddim::Ddim;
pub use ddim_inverse::DdimInverse;
pub use ddpm::Ddpm;
pub use dpm_solver::DpmSolverMultistep;
pub use euler::Euler;
pub use euler_ancestral::EulerAncestral;
pub use lcm::Lcm;
pub use noise::Noise;
pub use schedule::NoiseSchedule;
