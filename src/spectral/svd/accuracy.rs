//! How exact factors are, as they are handed out.
//!
//! Small matrices are multiplied out in F64. For large ones that would cost as much as the
//! decomposition itself, so they are held against [`PROBES`] vectors x of ±1, the same ones every
//! time, at the price of a few readings of the matrix:
//!
//! ```text
//! residual   the largest ‖(W − U diag(σ) Vᵀ) x‖ / ‖W‖     its mean square is the exact one's
//! skew       the largest element of |(UᵀU − I) x|, |(VᵀV − I) x|
//! ```
//!
//! An element of (UᵀU − I) x is a sum of ± the elements of a row. Whatever the others add up to,
//! for one of the two signs of a given element the sum is at least as large as this element, so a
//! probe shows less than the true skew with a chance of at most ½, and all of them with at most
//! 2⁻¹⁶. A sound matrix shows more than its largest element, about the norm of a row, which for F32
//! is still a hundredth of the limit.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use crate::spectral::svd::Decomposition;

/// The largest ‖W − U diag(σ) Vᵀ‖ / ‖W‖ (Frobenius) that is handed out.
pub const MAX_RESIDUAL: f64 = 1e-5;
/// The largest element of |UᵀU − I| and |VᵀV − I| that is handed out.
pub const MAX_ORTHOGONALITY_ERROR: f64 = 1e-5;

/// rows · cols · min(rows, cols) from which matrices are probed.
const PROBED_FROM: usize = 1 << 28;
/// Vectors that a large matrix is held against.
const PROBES: usize = 16;

/// What a [`Decomposition`] is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// ‖W − U diag(σ) Vᵀ‖ / ‖W‖ (Frobenius; the norm itself where W is 0).
    pub residual: f64,
    /// The largest element of |UᵀU − I| and |VᵀV − I|.
    pub orthogonality_error: f64,
}

impl Accuracy {
    /// Of the factors of `matrix`, multiplied out or probed by their size.
    pub fn measured(factors: &Decomposition, matrix: &[f32]) -> Self {
        if factors.rows * factors.cols * factors.rank() < PROBED_FROM {
            Self::exact(factors, matrix)
        } else {
            Self::estimated(factors, matrix)
        }
    }

    /// Of full products in F64.
    pub fn exact(factors: &Decomposition, matrix: &[f32]) -> Self {
        let r = factors.rank();
        let u = widen(&factors.u, factors.rows, r);
        let vt = widen(&factors.vt, r, factors.cols);
        Self {
            residual: residual(factors, matrix, vt.as_ref()),
            orthogonality_error: larger(
                orthogonality_error(u.transpose()),
                orthogonality_error(vt.as_ref()),
            ),
        }
    }

    /// Of products with vectors of ±1.
    pub fn estimated(factors: &Decomposition, matrix: &[f32]) -> Self {
        let (rows, cols, r) = (factors.rows, factors.cols, factors.rank());
        let x = probes(cols);
        let mut shown = times(&factors.vt, cols, &x);
        for (values, &sigma) in shown.iter_mut().zip(&factors.sigma) {
            values.iter_mut().for_each(|v| *v *= f64::from(sigma));
        }
        let rebuilt = times(&factors.u, r, &shown);
        let exact = times(matrix, cols, &x);
        let mut errors = [0.0; PROBES];
        for (a, b) in rebuilt.iter().zip(&exact) {
            for (error, (a, b)) in errors.iter_mut().zip(a.iter().zip(b)) {
                *error += (a - b).powi(2);
            }
        }
        let norm: f64 = matrix.iter().map(|&w| f64::from(w).powi(2)).sum();
        let error = errors.into_iter().fold(0.0, larger);

        let x = probes(r);
        let u = times_transposed(&factors.u, r, &times(&factors.u, r, &x));
        let v = times(&factors.vt, cols, &times_transposed(&factors.vt, cols, &x));
        debug_assert_eq!((u.len(), v.len(), rebuilt.len()), (r, r, rows));
        let off = |products: &[Probed]| {
            let pairs = products.iter().zip(&x);
            pairs
                .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()))
                .fold(0.0, larger)
        };
        Self {
            residual: relative(error, norm),
            orthogonality_error: larger(off(&u), off(&v)),
        }
    }
}

/// One element of each probe.
type Probed = [f64; PROBES];

/// [`PROBES`] vectors of ±1 that depend on their length only.
fn probes(len: usize) -> Vec<Probed> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..len)
        .map(|_| {
            let bits = next() >> 40;
            std::array::from_fn(|k| if bits >> k & 1 == 0 { 1.0 } else { -1.0 })
        })
        .collect()
}

/// M x for a row-major M with so many columns.
fn times(m: &[f32], cols: usize, x: &[Probed]) -> Vec<Probed> {
    m.chunks_exact(cols)
        .map(|row| {
            let mut sums = [0.0; PROBES];
            for (&value, x) in row.iter().zip(x) {
                let value = f64::from(value);
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum += value * x;
                }
            }
            sums
        })
        .collect()
}

/// Mᵀ y for a row-major M with so many columns.
fn times_transposed(m: &[f32], cols: usize, y: &[Probed]) -> Vec<Probed> {
    let mut sums = vec![[0.0; PROBES]; cols];
    for (row, y) in m.chunks_exact(cols).zip(y) {
        for (&value, sums) in row.iter().zip(&mut sums) {
            let value = f64::from(value);
            for (sum, y) in sums.iter_mut().zip(y) {
                *sum += value * y;
            }
        }
    }
    sums
}

fn residual(factors: &Decomposition, matrix: &[f32], vt: MatRef<'_, f64>) -> f64 {
    let (rows, cols, r) = (factors.rows, factors.cols, factors.rank());
    let scaled = Mat::from_fn(rows, r, |i, k| {
        f64::from(factors.u[i * r + k]) * f64::from(factors.sigma[k])
    });
    let mut rebuilt = Mat::<f64>::zeros(rows, cols);
    let all = Accum::Replace;
    matmul(rebuilt.as_mut(), all, scaled.as_ref(), vt, 1.0, Par::Seq);
    let (mut error, mut norm) = (0.0, 0.0);
    for i in 0..rows {
        for j in 0..cols {
            let w = f64::from(matrix[i * cols + j]);
            error += (w - rebuilt[(i, j)]).powi(2);
            norm += w * w;
        }
    }
    relative(error, norm)
}

/// √(error / norm), of squares.
fn relative(error: f64, norm: f64) -> f64 {
    if norm > 0.0 {
        (error / norm).sqrt()
    } else {
        error.sqrt()
    }
}

/// The largest element of |M Mᵀ − I|.
fn orthogonality_error(m: MatRef<'_, f64>) -> f64 {
    let r = m.nrows();
    let mut gram = Mat::<f64>::zeros(r, r);
    let all = Accum::Replace;
    matmul(gram.as_mut(), all, m, m.transpose(), 1.0, Par::Seq);
    let mut largest = 0.0;
    for i in 0..r {
        for j in 0..r {
            let off = gram[(i, j)] - f64::from(u8::from(i == j));
            largest = larger(largest, off.abs());
        }
    }
    largest
}

/// The larger of two; NaN if one is, which `max` would drop.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// A row-major matrix in F64.
pub(crate) fn widen(values: &[f32], rows: usize, cols: usize) -> Mat<f64> {
    Mat::from_fn(rows, cols, |i, j| f64::from(values[i * cols + j]))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::spectral::svd::decompose;

    fn sound() -> (Vec<f32>, Decomposition) {
        let (rows, cols) = (48, 80);
        let matrix: Vec<f32> = (0..rows * cols)
            .map(|at| ((at * at + 7 * at) % 1013) as f32 / 506.0 - 1.0)
            .collect();
        let factors = decompose(&matrix, rows, cols).unwrap();
        (matrix, factors)
    }

    #[test]
    fn probes_find_sound_factors_sound() {
        let (matrix, factors) = sound();
        let (exact, probed) = (
            Accuracy::exact(&factors, &matrix),
            Accuracy::estimated(&factors, &matrix),
        );
        assert!(exact.residual <= probed.residual && probed.residual <= 4.0 * exact.residual);
        assert!(
            exact.orthogonality_error <= probed.orthogonality_error
                && probed.orthogonality_error <= MAX_ORTHOGONALITY_ERROR / 10.0
        );
    }

    #[test]
    fn probes_find_what_full_products_find() {
        let (matrix, factors) = sound();
        let found = |spoil: &dyn Fn(&mut Decomposition)| {
            let mut spoiled = factors.clone();
            spoil(&mut spoiled);
            let exact = Accuracy::exact(&spoiled, &matrix);
            (exact, Accuracy::estimated(&spoiled, &matrix))
        };
        let r = factors.rank();
        for at in [0, 5 * r + 17, 47 * r + 40] {
            let (exact, probed) = found(&|f| f.u[at] += 1e-3);
            assert!(
                exact.orthogonality_error > MAX_ORTHOGONALITY_ERROR
                    && probed.orthogonality_error > MAX_ORTHOGONALITY_ERROR,
                "U {at}"
            );
            let (exact, probed) = found(&|f| f.vt[at] += 1e-3);
            assert!(
                exact.orthogonality_error > MAX_ORTHOGONALITY_ERROR
                    && probed.orthogonality_error > MAX_ORTHOGONALITY_ERROR,
                "V {at}"
            );
        }
        for k in [0, 20, 47] {
            let (exact, probed) = found(&|f| f.sigma[k] += 1e-2);
            assert!(exact.residual > MAX_RESIDUAL && probed.residual > MAX_RESIDUAL);
        }
        let (exact, probed) = found(&|f| f.u[3] = f32::NAN);
        assert!(exact.orthogonality_error.is_nan() && probed.orthogonality_error.is_nan());
        assert!(exact.residual.is_nan() && probed.residual.is_nan());
    }
}
