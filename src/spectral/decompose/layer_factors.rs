//! The factors of one layer of a model.

use crate::error::{Error, Result};
use crate::model::layers::Weight;
use crate::ops::matmul::stored_matrix::Matrix;

/// What is kept of one layer.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one per layer, and it holds handles only"
)]
#[derive(Clone, Debug)]
pub enum LayerFactors {
    /// W = U diag(σ) Vᵀ of a linear, convolution (as `[c_out, c_in·k·k]`) or embedding weight.
    Matrix {
        /// U: `[c_out, r]`.
        u: Matrix,
        /// σ: `[r]`, in descending order.
        sigma: Vec<f32>,
        /// Vᵀ: `[r, fan_in]`.
        vt: Matrix,
    },
    /// The weight w of a norm, `[channels]`. As a 1×C row it has σ = ‖w‖ and Vᵀ = w/σ.
    Norm(Vec<f32>),
}

/// The matrix of a weight that is not factored.
///
/// # Errors
/// `Decomposition` if the weight is factored, as in a model that is being trained.
pub(crate) fn full_weight<'a>(path: &str, weight: &'a Weight) -> Result<&'a Matrix> {
    match weight {
        Weight::Full(matrix) => Ok(matrix),
        Weight::Factored { .. } => Err(Error::Decomposition(format!(
            "'{path}' is factored for training, but the base's own weight is needed here. Pass the model as it was loaded."
        ))),
    }
}

/// The error for a model whose layers differ from the decomposed ones.
pub(crate) fn other_model(path: &str) -> Error {
    Error::Decomposition(format!(
        "'{path}' of the model does not fit the decomposition: it was made for another base. Decompose this base first."
    ))
}

/// The error for a shifted layer that was not decomposed.
pub(crate) fn not_decomposed(path: &str) -> Error {
    Error::Decomposition(format!(
        "'{path}' is to be shifted, but it was not decomposed. Decompose the layers that the delta shifts first."
    ))
}
