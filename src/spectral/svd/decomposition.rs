//! The factors of one matrix, and the accuracy that they were measured to have.

/// The largest relative residual ‖W − U diag(σ) Vᵀ‖ / ‖W‖ (Frobenius norm) that is accepted.
pub const MAX_RESIDUAL: f64 = 1e-5;
/// The largest absolute element of UᵀU − I and VᵀV − I that is accepted.
pub const MAX_ORTHOGONALITY_ERROR: f64 = 1e-5;

/// The thin singular value decomposition of a matrix `[rows, cols]`, with r = min(rows, cols).
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// U: `[rows, r]`, row-major, with orthonormal columns. The element of largest absolute value
    /// in each column is positive, which fixes the signs of U and V.
    pub u: Vec<f32>,
    /// σ: `[r]`, non-negative, in descending order.
    pub sigma: Vec<f32>,
    /// Vᵀ: `[r, cols]`, row-major, with orthonormal rows.
    pub vt: Vec<f32>,
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub cols: usize,
    /// Errors of the factors, measured after rounding to F32.
    pub accuracy: Accuracy,
}

impl Decomposition {
    /// The number of singular values, min(rows, cols).
    pub fn rank(&self) -> usize {
        self.rows.min(self.cols)
    }
}

/// Errors of a [`Decomposition`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// ‖W − U diag(σ) Vᵀ‖ / ‖W‖ (Frobenius norm); not divided if W is 0.
    pub residual: f64,
    /// The largest absolute element of UᵀU − I and VᵀV − I.
    pub orthogonality_error: f64,
}

impl Accuracy {
    /// Whether both errors are within [`MAX_RESIDUAL`] and [`MAX_ORTHOGONALITY_ERROR`]; NaN is not.
    pub fn is_sufficient(&self) -> bool {
        self.residual <= MAX_RESIDUAL && self.orthogonality_error <= MAX_ORTHOGONALITY_ERROR
    }
}

/// +1 or −1: the sign of the element of largest absolute value, the first one of equal elements.
pub(crate) fn sign_of_largest(values: impl Iterator<Item = f64>) -> f64 {
    let largest = values.fold(0.0_f64, |best, value| {
        if value.abs() > best.abs() {
            value
        } else {
            best
        }
    });
    if largest < 0.0 { -1.0 } else { 1.0 }
}
