//! An optional tensor as an argument of a backend extension.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, ExtensionType};
use burn::tensor::Tensor;

/// `Option<FloatTensor<B>>` in a form that Burn's dispatch can convert between backends.
#[derive(ExtensionType)]
pub(crate) enum OptionalTensor<B: Backend> {
    Some(FloatTensor<B>),
    None,
}

impl From<Option<Tensor<1>>> for OptionalTensor<Dispatch> {
    fn from(tensor: Option<Tensor<1>>) -> Self {
        tensor.map_or(Self::None, |tensor| Self::Some(tensor.into_dispatch()))
    }
}

impl<B: Backend> OptionalTensor<B> {
    pub(crate) fn into_option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Some(tensor) => Some(tensor),
            Self::None => None,
        }
    }
}

impl<B: Backend, C: CheckpointStrategy> OptionalTensor<Autodiff<B, C>> {
    /// The tensor without its graph.
    pub(crate) fn into_primitive(self) -> Option<FloatTensor<B>> {
        self.into_option().map(|tensor| tensor.into_primitive())
    }
}
