//! The engine's worker, without the page.

mod f16;
mod gpu_memory;
mod workers;
