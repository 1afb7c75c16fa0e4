//! A weight in factored form, W = U diag(s) Vᵀ.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use crate::ops::matmul::stored_matrix::StoredMatrix;

/// U, s and Vᵀ on one backend.
#[derive(Clone, Debug)]
pub(crate) struct Factors<B: Backend> {
    /// `[c_out, r]`.
    pub(crate) u: StoredMatrix<B>,
    /// `[r]`.
    pub(crate) s: FloatTensor<B>,
    /// `[r, fan_in]`.
    pub(crate) vt: StoredMatrix<B>,
}
