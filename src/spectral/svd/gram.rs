//! W = U diag(σ) Vᵀ of a large long matrix, by way of its Gram matrix.
//!
//! With A the matrix `[short, long]` or its transpose, A Aᵀ = Q diag(σ²) Qᵀ gives the short factor Q
//! and σ, and Aᵀ Q diag(1/σ) the long one. Everything is F64 and sequential. A is widened block by
//! block, so that beside the factors in F32 no more than a few square matrices are held: a quarter of
//! what the thin decomposition holds, in half the time.
//!
//! Squaring costs accuracy where σ is small beside the largest: what rounding does to a vector is
//! multiplied by σ₁/2σ, and to the skew of the long factor by (σ₁/σ)². So the way is only taken
//! where σ₁/σᵣ is below [`MAX_CONDITION`], at which both stay far below the rounding to F32. Matrices
//! whose long side is several times the short one rarely exceed it.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, Par};

use crate::spectral::svd::accuracy::Accuracy;
use crate::spectral::svd::{Decomposition, sign_of_largest};

/// Elements from which a matrix is large.
pub(crate) const LARGE: usize = 1 << 22;
/// Long side by short side from which a matrix is long.
pub(crate) const LONG: usize = 4;
/// The largest σ₁/σᵣ.
const MAX_CONDITION: f64 = 1e3;

/// Columns of A that are widened at once.
const BLOCK: usize = 1024;

/// Whether this way is tried for such a matrix.
pub(crate) fn is_for(rows: usize, cols: usize) -> bool {
    rows * cols >= LARGE && rows.max(cols) >= LONG * rows.min(cols)
}

/// The factors, not checked yet; `None` if the iteration does not converge or
/// [`MAX_CONDITION`] is exceeded.
pub(crate) fn decompose(matrix: &[f32], rows: usize, cols: usize) -> Option<Decomposition> {
    let (short, long) = (rows.min(cols), rows.max(cols));
    // The columns of A from `from` on, transposed: `[count, short]`.
    let block = |from: usize| {
        Mat::from_fn(BLOCK.min(long - from), short, |j, i| {
            let at = if rows <= cols {
                i * cols + from + j
            } else {
                (from + j) * cols + i
            };
            f64::from(matrix[at])
        })
    };
    let mut gram = Mat::<f64>::zeros(short, short);
    for from in (0..long).step_by(BLOCK) {
        let part = block(from);
        triangular::matmul(
            gram.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            part.transpose(),
            BlockStructure::Rectangular,
            part.as_ref(),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
    }
    let (q, sigma) = eigen(gram)?;
    // Written so that zeros and NaN are refused, too.
    let conditioned = sigma[0] < MAX_CONDITION * sigma[short - 1];
    if !conditioned {
        return None;
    }

    let mut factors = Decomposition {
        u: vec![0.0; rows * short],
        sigma: sigma.iter().map(|&value| value as f32).collect(),
        vt: vec![0.0; short * cols],
        rows,
        cols,
        accuracy: Accuracy::default(),
    };
    let scaled = Mat::from_fn(short, short, |i, k| q[(i, k)] / sigma[k]);
    let mut product = Mat::<f64>::zeros(BLOCK.min(long), short);
    for from in (0..long).step_by(BLOCK) {
        let part = block(from);
        let count = part.nrows();
        matmul(
            product.as_mut().subrows_mut(0, count),
            Accum::Replace,
            part.as_ref(),
            scaled.as_ref(),
            1.0,
            Par::Seq,
        );
        for k in 0..short {
            for j in 0..count {
                let value = product[(j, k)] as f32;
                if rows <= cols {
                    factors.vt[k * cols + from + j] = value;
                } else {
                    factors.u[(from + j) * short + k] = value;
                }
            }
        }
    }
    for i in 0..short {
        for k in 0..short {
            let value = q[(i, k)] as f32;
            if rows <= cols {
                factors.u[i * short + k] = value;
            } else {
                factors.vt[k * cols + i] = value;
            }
        }
    }
    fix_signs(&mut factors);
    Some(factors)
}

/// The largest element of each column of U becomes positive.
fn fix_signs(factors: &mut Decomposition) {
    let (r, cols) = (factors.rank(), factors.cols);
    for k in 0..r {
        let column = factors.u.iter().skip(k).step_by(r);
        if sign_of_largest(column.map(|&value| f64::from(value))) < 0.0 {
            let column = factors.u.iter_mut().skip(k).step_by(r);
            let row = &mut factors.vt[k * cols..(k + 1) * cols];
            column.chain(row).for_each(|value| *value = -*value);
        }
    }
}

/// Q and σ, falling, of Q diag(σ²) Qᵀ, of which the lower half is given.
fn eigen(gram: Mat<f64>) -> Option<(Mat<f64>, Vec<f64>)> {
    let r = gram.nrows();
    let mut q = Mat::<f64>::zeros(r, r);
    let mut squares = Diag::<f64>::zeros(r);
    let yes = ComputeEigenvectors::Yes;
    let scratch = self_adjoint_evd_scratch::<f64>(r, yes, Par::Seq, Default::default());
    self_adjoint_evd(
        gram.as_ref(),
        squares.as_mut(),
        Some(q.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .ok()?;
    // They come rising.
    let squares = squares.column_vector();
    let sigma = (0..r).map(|k| squares[r - 1 - k].max(0.0).sqrt()).collect();
    Some((Mat::from_fn(r, r, |i, k| q[(i, r - 1 - k)]), sigma))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::spectral::svd;
    use crate::spectral::svd::accuracy::{MAX_ORTHOGONALITY_ERROR, MAX_RESIDUAL};

    /// A matrix whose σ fall from 1 to 1 / condition.
    fn matrix(rows: usize, cols: usize, condition: f64) -> Vec<f32> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let random: Vec<f32> = (0..rows * cols)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        let d = svd::decompose(&random, rows, cols).unwrap();
        let r = d.rank();
        let sigma = |k: usize| condition.powf(-(k as f64) / (r - 1) as f64);
        (0..rows * cols)
            .map(|at| {
                let (i, j) = (at / cols, at % cols);
                let terms = (0..r)
                    .map(|k| f64::from(d.u[i * r + k]) * sigma(k) * f64::from(d.vt[k * cols + j]));
                terms.sum::<f64>() as f32
            })
            .collect()
    }

    #[test]
    fn it_gives_what_the_thin_decomposition_gives() {
        // More than one block, and the last one not full.
        for (rows, cols) in [(24, 2 * BLOCK + 5), (2 * BLOCK + 5, 24)] {
            let matrix = matrix(rows, cols, 100.0);
            let ours = decompose(&matrix, rows, cols).unwrap();
            let thin = svd::decompose(&matrix, rows, cols).unwrap();
            let accuracy = Accuracy::exact(&ours, &matrix);
            assert!(accuracy.residual <= MAX_RESIDUAL / 10.0, "{accuracy:?}");
            assert!(
                accuracy.orthogonality_error <= MAX_ORTHOGONALITY_ERROR / 10.0,
                "{accuracy:?}"
            );
            for (a, b) in [
                (&ours.u, &thin.u),
                (&ours.sigma, &thin.sigma),
                (&ours.vt, &thin.vt),
            ] {
                let off = a.iter().zip(b).map(|(a, b)| (a - b).abs());
                assert!(a.len() == b.len() && off.fold(0.0, f32::max) < 1e-6);
            }
        }
    }

    #[test]
    fn matrices_that_it_would_spoil_are_left_to_the_thin_decomposition() {
        let (rows, cols) = (16, 400);
        assert!(decompose(&matrix(rows, cols, 500.0), rows, cols).is_some());
        assert!(decompose(&matrix(rows, cols, 5_000.0), rows, cols).is_none());
        assert!(decompose(&vec![0.0; rows * cols], rows, cols).is_none());
    }

    #[test]
    fn small_and_square_matrices_are_not_for_it() {
        assert!(is_for(1_280, 11_520) && is_for(10_240, 1_280));
        // Square, not long, and the longest of the embedded base.
        for (rows, cols) in [(4_096, 4_096), (1_280, 3_840), (160, 2_880)] {
            assert!(!is_for(rows, cols), "{rows} × {cols}");
        }
    }
}
