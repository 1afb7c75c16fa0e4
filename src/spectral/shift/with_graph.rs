//! A shifted model inside an autodiff graph, and the gradients of its shifts.

use burn::tensor::{Gradients, Tensor};

use crate::error::Result;
use crate::model::layers::{Conv2d, LayerMut, Linear, Weight};
use crate::model::visit_layers::VisitLayers;

/// A model at one δ, ready for a forward and a backward pass.
#[derive(Debug)]
pub struct ShiftedModelWithGraph<M> {
    /// The model; its output is tracked.
    pub model: M,
    /// s of each layer, in the order of the layout.
    leaves: Vec<Tensor<1>>,
    /// 1 where b + δ is above its lower bound, 0 where relu is closed, `[len]`.
    open: Tensor<1>,
}

/// ∂L/∂s of each layer, summed over the backward passes so far.
#[derive(Clone, Debug, Default)]
pub struct ShiftGradients {
    /// One entry per leaf; empty before the first backward pass.
    parts: Vec<Option<Tensor<1>>>,
}

impl<M> ShiftedModelWithGraph<M> {
    pub(crate) fn new(model: M, leaves: Vec<Tensor<1>>, open: Tensor<1>) -> Self {
        Self {
            model,
            leaves,
            open,
        }
    }

    /// Moves the gradients of this model from one backward pass into `sum`.
    pub fn collect(&self, gradients: &mut Gradients, sum: &mut ShiftGradients) {
        sum.parts.resize(self.leaves.len(), None);
        for (leaf, part) in self.leaves.iter().zip(&mut sum.parts) {
            if let Some(found) = leaf.grad_remove(gradients) {
                *part = Some(match part.take() {
                    Some(before) => before + found,
                    None => found,
                });
            }
        }
    }

    /// ∂L/∂δ of all passes as one vector `[len]`, without autodiff; 0 for layers that the loss does
    /// not depend on.
    pub fn total(&self, sum: ShiftGradients) -> Tensor<1> {
        let mut found = sum.parts.into_iter();
        let parts = self
            .leaves
            .iter()
            .map(|leaf| {
                let found = found.next().flatten();
                found.unwrap_or_else(|| leaf.clone().inner().zeros_like())
            })
            .collect();
        Tensor::cat(parts, 0) * self.open.clone()
    }

    /// ∂L/∂δ of one backward pass: [`collect`](Self::collect) and [`total`](Self::total).
    pub fn gradient(&self, gradients: &mut Gradients) -> Tensor<1> {
        let mut sum = ShiftGradients::default();
        self.collect(gradients, &mut sum);
        self.total(sum)
    }
}

impl<M: VisitLayers> ShiftedModelWithGraph<M> {
    /// The same model without a graph: nothing is kept for a backward pass.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn without_graph(&self) -> Result<M> {
        let mut model = self.model.clone();
        model.visit_mut(&mut |_, layer| {
            match layer {
                LayerMut::Norm(weight) => *weight = weight.clone().inner(),
                LayerMut::Embedding(table) => *table = table.clone().inner(),
                LayerMut::Linear(Linear { weight, .. })
                | LayerMut::Conv2d(Conv2d { weight, .. }) => match weight {
                    Weight::Full(w) => *w = w.clone().inner(),
                    Weight::Factored { s, .. } => *s = s.clone().inner(),
                },
            }
            Ok(())
        })?;
        Ok(model)
    }
}
