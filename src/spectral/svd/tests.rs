#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;

/// Numbers in [-1, 1) that depend on the seed only.
fn random(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn product(a: &[f32], b: &[f32], rows: usize, inner: usize, cols: usize) -> Vec<f32> {
    (0..rows * cols)
        .map(|at| {
            (0..inner)
                .map(|k| a[at / cols * inner + k] * b[k * cols + at % cols])
                .sum()
        })
        .collect()
}

/// Decomposes and checks everything that the type promises.
fn checked(matrix: &[f32], rows: usize, cols: usize) -> Decomposition {
    let d = decompose(matrix, rows, cols).unwrap();
    let r = rows.min(cols);
    assert_eq!(
        (d.u.len(), d.sigma.len(), d.vt.len()),
        (rows * r, r, r * cols)
    );
    assert!(
        d.accuracy.residual <= 1e-6 && d.accuracy.orthogonality_error <= 1e-6,
        "{:?} of {rows} × {cols}",
        d.accuracy
    );
    assert!(
        d.sigma.iter().all(|&s| s >= 0.0) && d.sigma.is_sorted_by(|a, b| a >= b),
        "{:?}",
        d.sigma
    );
    for k in 0..r {
        let largest = (0..rows).map(|i| d.u[i * r + k]).fold(0.0_f32, |best, x| {
            if x.abs() > best.abs() { x } else { best }
        });
        assert!(largest > 0.0, "sign of column {k}");
    }
    d
}

#[test]
fn random_square_tall_and_wide_matrices_are_rebuilt() {
    for (rows, cols) in [
        (64, 64),
        (160, 160),
        (512, 64),
        (64, 576),
        (96, 1440),
        (2, 3),
        (1, 1),
    ] {
        checked(&random(rows * cols, (rows * 31 + cols) as u64), rows, cols);
    }
}

#[test]
fn a_single_row_or_column_has_its_norm_as_singular_value() {
    for (rows, cols) in [(1, 37), (37, 1)] {
        let matrix = random(37, 5);
        let norm = matrix.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((checked(&matrix, rows, cols).sigma[0] - norm).abs() < 1e-5);
    }
}

#[test]
fn rank_deficient_matrices_have_zeros_and_orthonormal_factors() {
    let matrix = product(&random(48 * 3, 1), &random(3 * 80, 2), 48, 3, 80);
    let d = checked(&matrix, 48, 80);
    assert!(
        d.sigma[2] > 0.1 && d.sigma[3..].iter().all(|&s| s < 1e-4),
        "{:?}",
        d.sigma
    );
}

#[test]
fn the_zero_matrix_has_orthonormal_factors() {
    for (rows, cols) in [(8, 8), (3, 20), (20, 3)] {
        assert!(
            checked(&vec![0.0; rows * cols], rows, cols)
                .sigma
                .iter()
                .all(|&s| s == 0.0)
        );
    }
}

#[test]
fn repeated_singular_values_are_rebuilt() {
    let n = 32;
    let identity: Vec<f32> = (0..n * n)
        .map(|at| f32::from(u8::from(at / n == at % n)))
        .collect();
    assert!(
        checked(&identity, n, n)
            .sigma
            .iter()
            .all(|s| (s - 1.0).abs() < 1e-6)
    );
    // A rotation's columns twice over: every value is √2, on both sides of 1.8, faer's limit for QR first.
    let q = checked(&random(n * n, 9), n, n).u;
    let twice: Vec<f32> = (0..n * 2 * n)
        .map(|at| q[at / (2 * n) * n + at % n])
        .collect();
    assert!(
        checked(&twice, n, 2 * n)
            .sigma
            .iter()
            .all(|s| (s - 2.0_f32.sqrt()).abs() < 1e-5)
    );
}

#[test]
fn very_large_and_very_small_weights_are_rebuilt() {
    for scale in [1e-15_f32, 1e15] {
        let matrix: Vec<f32> = random(40 * 24, 3).into_iter().map(|x| x * scale).collect();
        checked(&matrix, 40, 24);
    }
}

#[test]
fn the_same_matrix_has_the_same_factors() {
    let matrix = random(96 * 96, 4);
    assert_eq!(checked(&matrix, 96, 96), checked(&matrix, 96, 96));
}

#[test]
fn a_weight_that_is_not_finite_is_refused_by_place() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut matrix = random(12, 1);
        matrix[7] = bad;
        let Err(Error::Decomposition(message)) = decompose(&matrix, 3, 4) else {
            panic!("{bad} was taken")
        };
        assert!(message.contains("row 1, column 3"), "{message}");
    }
}
