//! A frozen matrix as it is stored on the device: F32, or halves that are widened for each use.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, ExtensionType, TensorMetadata};
use burn::tensor::module::embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};

pub use crate::ops::linear::rebuilt;

use crate::error::Result;
use crate::ops::f16::{Halves, pack, unpack};
use crate::weights;
use crate::weights::{Numbers, Stored, Weights};

/// `[rows, cols]`, of which no gradient is wanted. One that is built inside a graph may be tracked;
/// it is F32.
#[derive(Clone, Debug)]
pub struct Matrix(Form);

#[derive(Clone, Debug)]
enum Form {
    F32(Tensor<2>),
    F16(Tensor<1, Int>, [usize; 2]),
}

impl From<Tensor<2>> for Matrix {
    /// As F32.
    fn from(values: Tensor<2>) -> Self {
        Self(Form::F32(values))
    }
}

impl Matrix {
    /// Takes a tensor out of a file as it is stored; its first dimension is the rows, all others
    /// together are the columns.
    ///
    /// # Errors
    /// A missing or misshapen tensor, by name.
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

    /// Numbers, row after row, to the device, rounded to what is stored there.
    pub fn new(values: Vec<f32>, shape: [usize; 2], device: &Device, stored: Stored) -> Self {
        Self(match stored {
            Stored::F32 => Form::F32(Tensor::from_data(TensorData::new(values, shape), device)),
            Stored::F16 => Form::F16(weights::halves(weights::pack(&values), device), shape),
        })
    }

    /// `values`, rounded on their device to what is stored; beyond ±65504 halves end there.
    pub fn rounded(values: Tensor<2>, stored: Stored) -> Self {
        match stored {
            Stored::F32 => values.into(),
            Stored::F16 => {
                let shape = values.dims();
                Self(Form::F16(pack(values.inner()), shape))
            }
        }
    }

    /// How it is stored.
    pub fn stored(&self) -> Stored {
        match &self.0 {
            Form::F32(_) => Stored::F32,
            Form::F16(..) => Stored::F16,
        }
    }

    /// Rows and columns.
    pub fn dims(&self) -> [usize; 2] {
        match &self.0 {
            Form::F32(values) => values.dims(),
            Form::F16(_, shape) => *shape,
        }
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        match &self.0 {
            Form::F32(values) => values.device(),
            Form::F16(words, _) => words.device(),
        }
    }

    /// Its numbers; of halves a new tensor, to be let go of after use.
    pub fn f32(&self) -> Tensor<2> {
        match &self.0 {
            Form::F32(values) => values.clone(),
            Form::F16(words, shape) => unpack(words.clone(), *shape),
        }
    }

    /// The rows `ids` `[batch, tokens]`, `[batch, tokens, cols]`; of halves no more are widened.
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

    /// Whether it was built inside a graph.
    pub fn is_tracked(&self) -> bool {
        match &self.0 {
            Form::F32(values) => values.is_tracked(),
            Form::F16(..) => false,
        }
    }

    /// The same outside of any graph.
    pub fn inner(self) -> Self {
        match self.0 {
            Form::F32(values) => values.inner().into(),
            halves => Self(halves),
        }
    }

    /// For operations of our own.
    pub(crate) fn held(&self) -> Held<Dispatch> {
        match &self.0 {
            Form::F32(values) => Held::F32(values.clone().into_dispatch()),
            Form::F16(words, shape) => Held::F16(words.clone().into_dispatch(), *shape),
        }
    }
}

/// A matrix on one backend, as an operation keeps it for its backward pass.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) enum Held<B: Backend> {
    F32(FloatTensor<B>),
    F16(IntTensor<B>, [usize; 2]),
}

impl<B: Backend> Held<B> {
    /// Rows and columns.
    pub(crate) fn dims(&self) -> [usize; 2] {
        match self {
            Self::F32(values) => values.shape().dims(),
            Self::F16(_, shape) => *shape,
        }
    }
}

impl<B: Halves> Held<B> {
    /// Its numbers, for one product.
    pub(crate) fn f32(self) -> FloatTensor<B> {
        match self {
            Self::F32(values) => values,
            Self::F16(words, shape) => B::unpack(words, shape),
        }
    }
}

impl<B: Backend, C> Held<Autodiff<B, C>>
where
    C: burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy,
{
    /// The same without a graph.
    pub(crate) fn primitive(self) -> Held<B> {
        match self {
            Self::F32(values) => Held::F32(values.into_primitive()),
            Self::F16(words, shape) => Held::F16(words, shape),
        }
    }
}

#[cfg(test)]
#[path = "stored_matrix_tests.rs"]
mod tests;
