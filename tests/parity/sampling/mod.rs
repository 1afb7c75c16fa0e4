//! Noise schedules and samplers.

mod ddim;
mod samplers;
mod schedules;
