#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::spectral::svd;
use crate::spectral::svd::accuracy::exact;
use crate::spectral::svd::decomposition::{MAX_ORTHOGONALITY_ERROR, MAX_RESIDUAL};

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
        let accuracy = exact(&ours, &matrix);
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
    assert!(is_suitable(1_280, 11_520) && is_suitable(10_240, 1_280));
    // Square, not long, and the longest of the embedded base.
    for (rows, cols) in [(4_096, 4_096), (1_280, 3_840), (160, 2_880)] {
        assert!(!is_suitable(rows, cols), "{rows} × {cols}");
    }
}
