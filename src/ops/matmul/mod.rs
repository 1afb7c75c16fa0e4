//! Products of matrices.

pub(crate) mod cpu;
pub mod stored_matrix;
