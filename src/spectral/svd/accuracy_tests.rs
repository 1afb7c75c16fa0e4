#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::spectral::svd::decompose;
use crate::spectral::svd::decomposition::{MAX_ORTHOGONALITY_ERROR, MAX_RESIDUAL};

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
    let (exact, probed) = (exact(&factors, &matrix), estimate(&factors, &matrix));
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
        let exact = exact(&spoiled, &matrix);
        (exact, estimate(&spoiled, &matrix))
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
