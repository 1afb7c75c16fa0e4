//! The SVD of a large, long matrix through its Gram matrix.
//!
//! Let A be the matrix `[short, long]`, transposed if necessary. From A Aᵀ = Q diag(σ²) Qᵀ follow
//! the short factor Q, the singular values σ, and the long factor Aᵀ Q diag(1/σ). The computation
//! is sequential and in F64. A is widened block by block, so that beside the F32 factors only a few
//! `[short, short]` matrices are in memory: a quarter of the memory of the thin SVD, in half the time.
//!
//! Squaring loses accuracy for singular values that are small relative to the largest one: the
//! rounding error of a vector is multiplied by σ₁/2σ, the orthogonality error of the long factor by
//! (σ₁/σ)². The method is therefore used only if σ₁/σᵣ is below [`MAX_CONDITION`], where both errors
//! are far below the rounding to F32. Matrices whose long side is several times the short one
//! rarely exceed it.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, Par};

use crate::spectral::svd::decomposition::{Accuracy, Decomposition, sign_of_largest};

/// The fewest elements of a matrix for this method.
pub(crate) const MIN_ELEMENTS: usize = 1 << 22;
/// The smallest ratio of the long to the short side for this method.
pub(crate) const MIN_ASPECT: usize = 4;
/// The largest condition number σ₁/σᵣ for this method.
const MAX_CONDITION: f64 = 1e3;

/// Columns of A that are widened to F64 at a time.
pub(crate) const BLOCK: usize = 1024;

/// Whether this method is tried for a matrix `[rows, cols]`. No layer of the embedded base model
/// is large enough.
pub(crate) fn is_suitable(rows: usize, cols: usize) -> bool {
    rows * cols >= MIN_ELEMENTS && rows.max(cols) >= MIN_ASPECT * rows.min(cols)
}

/// Factors of a row-major matrix `[rows, cols]`, their accuracy not measured yet; `None` if the
/// iteration does not converge or the condition number reaches [`MAX_CONDITION`].
pub(crate) fn decompose(matrix: &[f32], rows: usize, cols: usize) -> Option<Decomposition> {
    let a = LongMatrix { matrix, rows, cols };
    let (q, sigma) = eigen(a.gram())?;
    // Written so that zeros and NaN are refused, too.
    let conditioned = sigma[0] < MAX_CONDITION * sigma[a.short() - 1];
    conditioned.then(|| a.factors(&q, &sigma))
}

/// A row-major matrix, read as A `[short, long]`.
struct LongMatrix<'a> {
    matrix: &'a [f32],
    rows: usize,
    cols: usize,
}

impl LongMatrix<'_> {
    fn short(&self) -> usize {
        self.rows.min(self.cols)
    }

    fn long(&self) -> usize {
        self.rows.max(self.cols)
    }

    /// Whether A is the transpose of the matrix.
    fn is_transposed(&self) -> bool {
        self.rows > self.cols
    }

    /// Up to [`BLOCK`] columns of A from `from` on, transposed: `[count, short]`.
    fn block(&self, from: usize) -> Mat<f64> {
        Mat::from_fn(BLOCK.min(self.long() - from), self.short(), |j, i| {
            let at = if self.is_transposed() {
                (from + j) * self.cols + i
            } else {
                i * self.cols + from + j
            };
            f64::from(self.matrix[at])
        })
    }

    /// The lower half of A Aᵀ, `[short, short]`.
    fn gram(&self) -> Mat<f64> {
        let mut gram = Mat::<f64>::zeros(self.short(), self.short());
        for from in (0..self.long()).step_by(BLOCK) {
            let block = self.block(from);
            triangular::matmul(
                gram.as_mut(),
                BlockStructure::TriangularLower,
                Accum::Add,
                block.transpose(),
                BlockStructure::Rectangular,
                block.as_ref(),
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
        gram
    }

    /// The factors in F32, from Q `[short, short]` and σ `[short]`.
    fn factors(&self, q: &Mat<f64>, sigma: &[f64]) -> Decomposition {
        let (short, cols) = (self.short(), self.cols);
        let mut factors = Decomposition {
            u: vec![0.0; self.rows * short],
            sigma: sigma.iter().map(|&value| value as f32).collect(),
            vt: vec![0.0; short * cols],
            rows: self.rows,
            cols,
            accuracy: Accuracy::default(),
        };
        self.write_long(q, sigma, &mut factors);
        for i in 0..short {
            for k in 0..short {
                let value = q[(i, k)] as f32;
                if self.is_transposed() {
                    factors.vt[k * cols + i] = value;
                } else {
                    factors.u[i * short + k] = value;
                }
            }
        }
        fix_signs(&mut factors);
        factors
    }

    /// Writes the long factor Aᵀ Q diag(1/σ).
    fn write_long(&self, q: &Mat<f64>, sigma: &[f64], factors: &mut Decomposition) {
        let (short, long, cols) = (self.short(), self.long(), self.cols);
        let scaled = Mat::from_fn(short, short, |i, k| q[(i, k)] / sigma[k]);
        let mut product = Mat::<f64>::zeros(BLOCK.min(long), short);
        for from in (0..long).step_by(BLOCK) {
            let block = self.block(from);
            let count = block.nrows();
            matmul(
                product.as_mut().subrows_mut(0, count),
                Accum::Replace,
                block.as_ref(),
                scaled.as_ref(),
                1.0,
                Par::Seq,
            );
            for k in 0..short {
                for j in 0..count {
                    let value = product[(j, k)] as f32;
                    if self.is_transposed() {
                        factors.u[(from + j) * short + k] = value;
                    } else {
                        factors.vt[k * cols + from + j] = value;
                    }
                }
            }
        }
    }
}

/// Flips signs so that the element of largest absolute value in each column of U is positive.
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

/// Q and the descending σ of Q diag(σ²) Qᵀ, given its lower half; `None` without convergence.
fn eigen(gram: Mat<f64>) -> Option<(Mat<f64>, Vec<f64>)> {
    let r = gram.nrows();
    let mut q = Mat::<f64>::zeros(r, r);
    let mut squares = Diag::<f64>::zeros(r);
    let vectors = ComputeEigenvectors::Yes;
    let scratch = self_adjoint_evd_scratch::<f64>(r, vectors, Par::Seq, Default::default());
    self_adjoint_evd(
        gram.as_ref(),
        squares.as_mut(),
        Some(q.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .ok()?;
    // faer sorts eigenvalues in ascending order.
    let squares = squares.column_vector();
    let sigma = (0..r).map(|k| squares[r - 1 - k].max(0.0).sqrt()).collect();
    Some((Mat::from_fn(r, r, |i, k| q[(i, r - 1 - k)]), sigma))
}

#[cfg(test)]
#[path = "gram_tests.rs"]
mod tests;
