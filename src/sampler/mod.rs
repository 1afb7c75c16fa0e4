//! Noise schedule, sampling methods and seeded noise.
//!
//! | file | diffusers |
//! |---|---|
//! | [`schedule`] | what DDIMScheduler and DDPMScheduler share: betas, ᾱ, timesteps, `add_noise`, the training target |
//! | `sigmas` | noise levels of EulerDiscreteScheduler and DPMSolverMultistepScheduler |
//! | [`ddim`] | DDIMScheduler |
//! | [`ddim_inverse`] | DDIMInverseScheduler |
//! | [`ddpm`] | DDPMScheduler |
//! | [`euler`] | EulerDiscreteScheduler |
//! | [`euler_ancestral`] | EulerAncestralDiscreteScheduler |
//! | [`dpm_solver`] | DPMSolverMultistepScheduler |
//! | [`lcm`] | LCMScheduler |
//! | [`any`] | what a pipeline asks of each of them |
//! | [`noise`] | `torch.Generator`, but the same numbers on every machine |

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
