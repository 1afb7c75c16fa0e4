//! A constant matrix on a device, stored as F32 or as F16 that is widened for each use.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, ExtensionType, TensorMetadata};
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::error::Result;
use crate::ops::f16::{F16Packed, pack, unpack};
use crate::weights;
use crate::weights::{Numbers, Stored, Weights};

/// A matrix `[rows, cols]` that gets no gradient, except if it was computed inside an autodiff
/// graph: then it is tracked, and stored as F32.
#[derive(Clone, Debug)]
pub struct Matrix(Form);

#[derive(Clone, Debug)]
enum Form {
    F32(Tensor<2>),
    /// Two F16 in each U32, as in [`Numbers::F16`], and the shape.
    F16(Tensor<1, Int>, [usize; 2]),
}

impl From<Tensor<2>> for Matrix {
    /// Stored as F32.
    fn from(values: Tensor<2>) -> Self {
        Self(Form::F32(values))
    }
}

impl Matrix {
    /// Takes a tensor out of `weights` as it is stored. The first dimension becomes the rows, all
    /// others together the columns.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if it is missing or has another shape.
    pub fn take(weights: &mut Weights, name: &str, shape: &[usize]) -> Result<Self> {
        let [rows, cols] = match shape {
            [rows, rest @ ..] => [*rows, rest.iter().product()],
            [] => [1, 1],
        };
        Ok(Self(match weights.take_numbers(name, shape)? {
            Numbers::F32(values) => Form::F32(values.reshape([rows, cols])),
            Numbers::F16(words) => Form::F16(words, [rows, cols]),
        }))
    }

    /// Uploads row-major `values` to `device`, rounded to the storage type.
    pub fn new(values: Vec<f32>, shape: [usize; 2], device: &Device, stored: Stored) -> Self {
        Self(match stored {
            Stored::F32 => Form::F32(Tensor::from_data(TensorData::new(values, shape), device)),
            Stored::F16 => Form::F16(weights::halves(weights::pack(&values), device), shape),
        })
    }

    /// Rounds `values` to the storage type on their device. F16 saturates at ±65504.
    pub fn rounded(values: Tensor<2>, stored: Stored) -> Self {
        match stored {
            Stored::F32 => values.into(),
            Stored::F16 => {
                let shape = values.dims();
                Self(Form::F16(pack(values.inner()), shape))
            }
        }
    }

    /// The storage type.
    pub fn stored(&self) -> Stored {
        match &self.0 {
            Form::F32(_) => Stored::F32,
            Form::F16(..) => Stored::F16,
        }
    }

    /// `[rows, cols]`.
    pub fn dims(&self) -> [usize; 2] {
        match &self.0 {
            Form::F32(values) => values.dims(),
            Form::F16(_, shape) => *shape,
        }
    }

    /// The device that holds it.
    pub fn device(&self) -> Device {
        match &self.0 {
            Form::F32(values) => values.device(),
            Form::F16(words, _) => words.device(),
        }
    }

    /// The elements in F32. For F16 this is a new tensor; drop it after use.
    pub fn f32(&self) -> Tensor<2> {
        match &self.0 {
            Form::F32(values) => values.clone(),
            Form::F16(words, shape) => unpack(words.clone(), *shape),
        }
    }

    /// The rows `ids`, an embedding lookup. Of an F16 matrix, only these rows are widened.
    ///
    /// # Shapes
    /// `ids`: `[batch, tokens]`; result: `[batch, tokens, cols]`.
    pub fn rows(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        match &self.0 {
            Form::F16(words, [rows, cols]) if cols.is_multiple_of(2) => {
                let [batch, tokens] = ids.dims();
                let words = words.clone().reshape([*rows, cols / 2]);
                let words = words.select(0, ids.reshape([batch * tokens]));
                let count = batch * tokens;
                unpack(words.reshape([count * cols / 2]), [count, *cols])
                    .reshape([batch, tokens, *cols])
            }
            _ => embedding(self.f32(), ids),
        }
    }

    /// Whether it was computed inside an autodiff graph.
    pub fn is_tracked(&self) -> bool {
        match &self.0 {
            Form::F32(values) => values.is_tracked(),
            Form::F16(..) => false,
        }
    }

    /// The matrix without its graph.
    pub fn inner(self) -> Self {
        match self.0 {
            Form::F32(values) => values.inner().into(),
            packed => Self(packed),
        }
    }

    /// The matrix as an argument of the backend extensions in [`crate::ops`].
    pub(crate) fn to_dispatch(&self) -> StoredMatrix<Dispatch> {
        match &self.0 {
            Form::F32(values) => StoredMatrix::F32(values.clone().into_dispatch()),
            Form::F16(words, shape) => StoredMatrix::F16(words.clone().into_dispatch(), *shape),
        }
    }
}

/// A [`Matrix`] on one backend, as operations save it for their backward passes.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) enum StoredMatrix<B: Backend> {
    F32(FloatTensor<B>),
    F16(IntTensor<B>, [usize; 2]),
}

impl<B: Backend> StoredMatrix<B> {
    /// `[rows, cols]`.
    pub(crate) fn dims(&self) -> [usize; 2] {
        match self {
            Self::F32(values) => values.shape().dims(),
            Self::F16(_, shape) => *shape,
        }
    }
}

impl<B: F16Packed> StoredMatrix<B> {
    /// The elements in F32.
    pub(crate) fn f32(self) -> FloatTensor<B> {
        match self {
            Self::F32(values) => values,
            Self::F16(words, shape) => B::unpack(words, shape),
        }
    }
}

impl<B: Backend, C: CheckpointStrategy> StoredMatrix<Autodiff<B, C>> {
    /// The matrix without its graph.
    pub(crate) fn into_primitive(self) -> StoredMatrix<B> {
        match self {
            Self::F32(values) => StoredMatrix::F32(values.into_primitive()),
            Self::F16(words, shape) => StoredMatrix::F16(words, shape),
        }
    }
}

#[cfg(test)]
#[path = "stored_matrix_tests.rs"]
mod tests;
