//! Checkpoints of one file in the layout of the original code (LDM), under diffusers' names.
//!
//! | prefix | component |
//! |---|---|
//! | `model.diffusion_model.` | `unet` |
//! | `first_stage_model.` | `vae` |
//! | `cond_stage_model.transformer.` | `text_encoder` of Stable Diffusion 1, CLIP |
//! | `cond_stage_model.model.`, `conditioner.embedders.0.model.` | `text_encoder` of Stable Diffusion 2, OpenCLIP |
//!
//! The components are interleaved in the file, which is read once from its beginning to its end.
//! Other prefixes are skipped: averaged copies (`model_ema.`) and buffers of the schedule.
//!
//! Source: diffusers' `convert_from_ckpt.py`.

pub(crate) mod names;

mod open_clip;
mod plan;
mod refuse;
mod unet;
mod vae;

pub use plan::{COMPONENTS, Generation, Plan, Target};

#[cfg(test)]
mod tests;
