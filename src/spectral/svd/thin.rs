//! The thin SVD of a whole matrix in F64, by `faer`.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, Par};

use crate::error::{Error, Result};
use crate::spectral::svd::accuracy::widen;
use crate::spectral::svd::decomposition::{Accuracy, Decomposition, sign_of_largest};

/// Factors of a row-major matrix `[rows, cols]`; their accuracy is not measured yet.
///
/// # Errors
/// `Decomposition` if the iteration does not converge.
pub(crate) fn decompose(matrix: &[f32], rows: usize, cols: usize) -> Result<Decomposition> {
    let r = rows.min(cols);
    let a = widen(matrix, rows, cols);
    let mut u = Mat::<f64>::zeros(rows, r);
    let mut v = Mat::<f64>::zeros(cols, r);
    let mut sigma = faer::diag::Diag::<f64>::zeros(r);
    let thin = ComputeSvdVectors::Thin;
    let mut memory = MemBuffer::new(svd_scratch::<f64>(
        rows,
        cols,
        thin,
        thin,
        Par::Seq,
        Default::default(),
    ));
    svd(
        a.as_ref(),
        sigma.as_mut(),
        Some(u.as_mut()),
        Some(v.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    )
    .map_err(|_| {
        Error::Decomposition(format!("the singular values of a {rows} × {cols} weight did not converge, so this base cannot be trained."))
    })?;

    // Both together are most of the memory of this function: free them before the F32 copies.
    drop((a, memory));
    let signs: Vec<f64> = (0..r)
        .map(|k| sign_of_largest((0..rows).map(|i| u[(i, k)])))
        .collect();
    Ok(Decomposition {
        u: (0..rows * r)
            .map(|at| (u[(at / r, at % r)] * signs[at % r]) as f32)
            .collect(),
        sigma: sigma
            .column_vector()
            .iter()
            .map(|&value| value as f32)
            .collect(),
        vt: (0..r * cols)
            .map(|at| (v[(at % cols, at / cols)] * signs[at / cols]) as f32)
            .collect(),
        rows,
        cols,
        accuracy: Accuracy::default(),
    })
}
