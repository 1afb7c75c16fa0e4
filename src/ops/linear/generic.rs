//! [`crate::ops::linear`] composed of Burn's operations.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;

use crate::ops::matmul::factors::Factors;
use crate::ops::matmul::generic::MatrixOperand;
use crate::ops::matmul::stored_matrix::StoredMatrix;

/// The forward and backward passes on a backend, without autodiff.
pub(crate) trait LinearKernels: MatrixOperand {
    /// x Wᵀ.
    fn linear_forward(x: FloatTensor<Self>, weight: StoredMatrix<Self>) -> FloatTensor<Self> {
        Self::float_matmul(x, Self::float_transpose(Self::operand(weight)))
    }

    /// ∂x from ∂y.
    fn linear_backward(grad: FloatTensor<Self>, weight: StoredMatrix<Self>) -> FloatTensor<Self> {
        Self::float_matmul(grad, Self::operand(weight))
    }

    /// y and z = x V; z is saved for `factored_linear_backward`.
    fn factored_linear_forward(
        x: FloatTensor<Self>,
        factors: Factors<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> [FloatTensor<Self>; 2] {
        let Factors { u, s, vt } = factors;
        let z = Self::float_matmul(x, Self::float_transpose(Self::operand(vt)));
        let scaled = Self::float_mul(z.clone(), row::<Self>(s));
        let y = Self::float_matmul(scaled, Self::float_transpose(Self::operand(u)));
        let y = match bias {
            Some(bias) => Self::float_add(y, row::<Self>(bias)),
            None => y,
        };
        [y, z]
    }

    /// ∂x of shape `x` (`None` if it is not needed) and ∂s from ∂y.
    fn factored_linear_backward(
        grad: FloatTensor<Self>,
        z: FloatTensor<Self>,
        factors: Factors<Self>,
        x: Option<Shape>,
    ) -> [Option<FloatTensor<Self>>; 2] {
        let Factors { u, s, vt } = factors;
        let rank = s.shape();
        let g = Self::float_matmul(grad, Self::operand(u));
        let ds = Self::float_sum_dim(Self::float_mul(g.clone(), z), 0);
        let dx = x.map(|_| {
            let scaled = Self::float_mul(g, row::<Self>(s));
            Self::float_matmul(scaled, Self::operand(vt))
        });
        [dx, Some(Self::float_reshape(ds, rank))]
    }

    /// U diag(s) Vᵀ.
    fn reconstruct_forward(
        s: FloatTensor<Self>,
        u: StoredMatrix<Self>,
        vt: StoredMatrix<Self>,
    ) -> FloatTensor<Self> {
        Self::float_matmul(Self::float_mul(u.f32(), row::<Self>(s)), vt.f32())
    }

    /// ∂s from ∂W.
    fn reconstruct_backward(
        grad: FloatTensor<Self>,
        u: StoredMatrix<Self>,
        vt: StoredMatrix<Self>,
    ) -> FloatTensor<Self> {
        let [_, rank] = u.dims();
        let scaled = Self::float_matmul(grad, Self::float_transpose(vt.f32()));
        let ds = Self::float_sum_dim(Self::float_mul(scaled, u.f32()), 0);
        Self::float_reshape(ds, Shape::from([rank]))
    }
}

#[cfg(feature = "gpu")]
impl LinearKernels for burn::backend::Cube {}

/// `[n]` to `[1, n]`.
fn row<B: MatrixOperand>(values: FloatTensor<B>) -> FloatTensor<B> {
    let n = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, n]))
}
