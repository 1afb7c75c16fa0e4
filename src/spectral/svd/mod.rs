//! The singular value decomposition W = U diag(σ) Vᵀ of one weight matrix, by `faer` on the CPU.
//!
//! | file | content |
//! |---|---|
//! | [`decomposition`] | the factors and their accuracy |
//! | `thin` | the thin SVD of the whole matrix |
//! | `gram` | large long matrices: through the eigenvectors of the Gram matrix |
//! | [`accuracy`] | measures residual and orthogonality of the factors |
//!
//! The computation is sequential and in F64 on every machine. A delta is bound to the singular
//! vectors of its base model, so a browser and a terminal must get the same factors to the last
//! bit; several threads would sum in another order. Parallelism is across matrices: see
//! [`decompose::config`](crate::spectral::decompose::config).
//!
//! Factors are rounded to F32 and then checked against [`MAX_RESIDUAL`] and
//! [`MAX_ORTHOGONALITY_ERROR`].

pub mod accuracy;
pub mod decomposition;

mod gram;
mod thin;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};

pub use crate::spectral::svd::decomposition::{
    Accuracy, Decomposition, MAX_ORTHOGONALITY_ERROR, MAX_RESIDUAL,
};

/// Decomposes a row-major matrix `[rows, cols]`.
///
/// # Errors
/// `Decomposition` if a value is NaN or infinite, if the iteration does not converge, or if the
/// factors exceed [`MAX_RESIDUAL`] or [`MAX_ORTHOGONALITY_ERROR`].
///
/// # Panics
/// If `matrix.len() != rows * cols`.
pub fn decompose(matrix: &[f32], rows: usize, cols: usize) -> Result<Decomposition> {
    assert_eq!(matrix.len(), rows * cols, "a matrix [{rows}, {cols}]");
    if let Some(at) = matrix.iter().position(|value| !value.is_finite()) {
        return Err(Error::Decomposition(format!(
            "the weight is not finite at row {}, column {}: the base model's file is damaged. Get it again.",
            at / cols,
            at % cols
        )));
    }
    let by_gram = gram::is_suitable(rows, cols).then(|| gram::decompose(matrix, rows, cols));
    let mut decomposition = match by_gram.flatten() {
        Some(factors) => factors,
        None => thin::decompose(matrix, rows, cols)?,
    };
    let accuracy = accuracy::measure(&decomposition, matrix);
    decomposition.accuracy = accuracy;
    if accuracy.is_sufficient() {
        return Ok(decomposition);
    }
    let Accuracy {
        residual,
        orthogonality_error,
    } = accuracy;
    Err(Error::Decomposition(format!(
        "the factors of a {rows} × {cols} weight are not accurate enough (residual {residual:.1e}, orthogonality error {orthogonality_error:.1e}, limit 1e-5), so shifts of it would not carry over to another machine."
    )))
}
