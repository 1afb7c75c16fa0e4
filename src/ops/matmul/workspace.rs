//! The size of the buffer into which a GPU writes the operand of each product.
//!
//! The buffer is allocated once, as large as the largest operand, so the sizes are recorded while a
//! model loads.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ops::matmul::stored_matrix::Matrix;
use crate::weights::Stored;

/// Elements of the largest operand.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// Records the size of a loaded matrix if products with it need the buffer: F16 matrices, and
/// kernels of convolutions over more than one pixel (`spatial`).
pub(crate) fn reserve(matrix: &Matrix, spatial: bool) {
    if spatial || matrix.stored() == Stored::F16 {
        let [rows, cols] = matrix.dims();
        LARGEST.fetch_max(rows * cols, Ordering::Relaxed);
    }
}

/// Elements of the largest operand recorded so far.
#[cfg(feature = "gpu")]
pub(crate) fn reserved() -> usize {
    LARGEST.load(Ordering::Relaxed)
}
