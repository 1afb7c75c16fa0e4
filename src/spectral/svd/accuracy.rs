//! The accuracy of factors after rounding to F32.
//!
//! Small matrices are checked with full products in F64 ([`exact`]). For large ones full products
//! would cost as much as the decomposition, so the factors are multiplied with [`PROBES`] fixed
//! vectors x of ±1 instead ([`estimate`]):
//!
//! ```text
//! residual              max over x of ‖(W − U diag(σ) Vᵀ) x‖ / ‖W‖; its mean square is the exact value
//! orthogonality error   max over x of the largest element of |(UᵀU − I) x| and |(VᵀV − I) x|
//! ```
//!
//! An element of (UᵀU − I) x is a sum of ± the elements of one row. For any given element of the
//! row, one of its two signs makes the sum at least as large as that element, whatever the others
//! add up to. A probe therefore underestimates the error with probability at most ½, and all
//! probes together with at most 2⁻¹⁶. Accurate factors are overestimated, by up to the norm of a
//! row; in F32 that is still a hundredth of the limit.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use crate::spectral::svd::decomposition::{Accuracy, Decomposition};

/// Matrices with at least this rows · cols · min(rows, cols) are estimated.
const ESTIMATE_FROM: usize = 1 << 28;
/// Number of probe vectors.
const PROBES: usize = 16;

/// The accuracy of `factors` of the row-major `matrix`: exact or estimated, depending on the size.
pub fn measure(factors: &Decomposition, matrix: &[f32]) -> Accuracy {
    if factors.rows * factors.cols * factors.rank() < ESTIMATE_FROM {
        exact(factors, matrix)
    } else {
        estimate(factors, matrix)
    }
}

/// The accuracy from full products in F64.
pub fn exact(factors: &Decomposition, matrix: &[f32]) -> Accuracy {
    let r = factors.rank();
    let u = widen(&factors.u, factors.rows, r);
    let vt = widen(&factors.vt, r, factors.cols);
    Accuracy {
        residual: residual(factors, matrix, vt.as_ref()),
        orthogonality_error: larger(
            orthogonality_error(u.transpose()),
            orthogonality_error(vt.as_ref()),
        ),
    }
}

/// The accuracy from products with [`PROBES`] vectors of ±1.
pub fn estimate(factors: &Decomposition, matrix: &[f32]) -> Accuracy {
    let (rows, cols, r) = (factors.rows, factors.cols, factors.rank());
    let x = probes(cols);
    let mut projected = multiply(&factors.vt, cols, &x);
    for (values, &sigma) in projected.iter_mut().zip(&factors.sigma) {
        values.iter_mut().for_each(|v| *v *= f64::from(sigma));
    }
    let rebuilt = multiply(&factors.u, r, &projected);
    let expected = multiply(matrix, cols, &x);
    let mut errors = [0.0; PROBES];
    for (a, b) in rebuilt.iter().zip(&expected) {
        for (error, (a, b)) in errors.iter_mut().zip(a.iter().zip(b)) {
            *error += (a - b).powi(2);
        }
    }
    let norm: f64 = matrix.iter().map(|&w| f64::from(w).powi(2)).sum();
    let error = errors.into_iter().fold(0.0, larger);

    let x = probes(r);
    let u = multiply_transposed(&factors.u, r, &multiply(&factors.u, r, &x));
    let v = multiply(
        &factors.vt,
        cols,
        &multiply_transposed(&factors.vt, cols, &x),
    );
    debug_assert_eq!((u.len(), v.len(), rebuilt.len()), (r, r, rows));
    let largest_error = |products: &[Probe]| {
        let pairs = products.iter().zip(&x);
        pairs
            .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()))
            .fold(0.0, larger)
    };
    Accuracy {
        residual: relative(error, norm),
        orthogonality_error: larger(largest_error(&u), largest_error(&v)),
    }
}

/// One element of every probe vector.
type Probe = [f64; PROBES];

/// [`PROBES`] pseudo-random vectors of ±1 and length `len`, always the same ones.
fn probes(len: usize) -> Vec<Probe> {
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

/// M x for a row-major M with `cols` columns.
fn multiply(m: &[f32], cols: usize, x: &[Probe]) -> Vec<Probe> {
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

/// Mᵀ y for a row-major M with `cols` columns.
fn multiply_transposed(m: &[f32], cols: usize, y: &[Probe]) -> Vec<Probe> {
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

/// ‖W − U diag(σ) Vᵀ‖ / ‖W‖ from the full product.
fn residual(factors: &Decomposition, matrix: &[f32], vt: MatRef<'_, f64>) -> f64 {
    let (rows, cols, r) = (factors.rows, factors.cols, factors.rank());
    let scaled = Mat::from_fn(rows, r, |i, k| {
        f64::from(factors.u[i * r + k]) * f64::from(factors.sigma[k])
    });
    let mut rebuilt = Mat::<f64>::zeros(rows, cols);
    let replace = Accum::Replace;
    matmul(
        rebuilt.as_mut(),
        replace,
        scaled.as_ref(),
        vt,
        1.0,
        Par::Seq,
    );
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

/// √(error / norm) of two squared norms; √error if `norm` is 0.
fn relative(error: f64, norm: f64) -> f64 {
    if norm > 0.0 {
        (error / norm).sqrt()
    } else {
        error.sqrt()
    }
}

/// The largest absolute element of M Mᵀ − I.
fn orthogonality_error(m: MatRef<'_, f64>) -> f64 {
    let r = m.nrows();
    let mut gram = Mat::<f64>::zeros(r, r);
    let replace = Accum::Replace;
    matmul(gram.as_mut(), replace, m, m.transpose(), 1.0, Par::Seq);
    let mut largest = 0.0;
    for i in 0..r {
        for j in 0..r {
            let error = gram[(i, j)] - f64::from(u8::from(i == j));
            largest = larger(largest, error.abs());
        }
    }
    largest
}

/// The larger value, or NaN if one of them is NaN; `f64::max` would ignore NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// A row-major matrix `[rows, cols]` as F64.
pub(crate) fn widen(values: &[f32], rows: usize, cols: usize) -> Mat<f64> {
    Mat::from_fn(rows, cols, |i, j| f64::from(values[i * cols + j]))
}

#[cfg(test)]
#[path = "accuracy_tests.rs"]
mod tests;
