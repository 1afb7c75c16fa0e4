//! The factors U, σ and V of a model's layers: which layers, made how, kept where.

pub mod config;
pub mod decomposed;
pub mod decomposed_model;
pub mod factor_cache;
pub mod factors;
pub mod layer_selection;
pub mod shapes;
#[cfg(not(target_family = "wasm"))]
pub mod threads;

#[cfg(test)]
mod config_tests;
