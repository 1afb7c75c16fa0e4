//! A stored matrix as the operand of a product.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;

use crate::ops::f16::F16Packed;
use crate::ops::matmul::stored_matrix::StoredMatrix;

/// Conversion of a stored matrix to the F32 operand of one product.
pub(crate) trait MatrixOperand: F16Packed {
    /// The elements in F32, valid until the next call: a backend may reuse the buffer.
    fn operand(matrix: StoredMatrix<Self>) -> FloatTensor<Self> {
        matrix.f32()
    }
}

impl MatrixOperand for Flex {}
