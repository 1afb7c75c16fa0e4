//! The factors U, σ and Vᵀ of the layers of a model.
//!
//! | file | content |
//! |---|---|
//! | [`decomposed_model`] | the factors of one model, decomposed as far as they were needed |
//! | [`layer_factors`] | the factors of one layer |
//! | [`shapes`] | paths and shapes of all layers of a model |
//! | [`config`] | where matrices are decomposed and factors are stored |
//! | `jobs` | decomposes several matrices at a time |
//! | [`summary`] | statistics of a decomposition |
//! | [`threads`] | native threads, factors in a folder |
//! | [`factor_cache`] | factors of all base models in a browser |
//! | [`factor_file`] | the factors of one layer as a file |
//! | `transfer` | copies between host and device |

pub mod config;
pub mod decomposed_model;
pub mod factor_cache;
pub mod factor_file;
pub mod layer_factors;
pub mod shapes;
pub mod summary;
#[cfg(not(target_family = "wasm"))]
pub mod threads;

pub(crate) mod jobs;
pub(crate) mod transfer;
