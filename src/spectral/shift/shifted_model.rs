//! A model prepared for training its shifts δ, which the optimiser sees as one flat vector.
//!
//! With b = σ for matrices and scalar norms and b = w for full-length norms, the values
//! s = relu(b + δ) of all layers (b + δ for full-length norms) are computed in one step outside the
//! autodiff graph. Each layer then gets its part of s as a leaf of the graph. ∂L/∂δ is ∂L/∂s where
//! b + δ > 0 and 0 elsewhere; that, too, is one step for all layers.

use std::ops::Range;

use burn::tensor::{Device, Tensor};

use crate::error::Result;
use crate::model::layers::{LayerMut, Weight};
use crate::model::visit_layers::VisitLayers;
use crate::ops::linear::reconstruct;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::layer_factors::other_model;
use crate::spectral::shift::with_graph::ShiftedModelWithGraph;
use crate::spectral::shift::{ShiftKind, ShiftSet};

/// How a matrix is computed in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightForm {
    /// y = ((x V) ⊙ s) Uᵀ; the weight is never built.
    Factored,
    /// W_δ = (U ⊙ s) Vᵀ is built in the graph, as in svdiff-pytorch.
    Rebuilt,
}

/// The part of the flat vector that belongs to one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRange {
    /// The layer's path.
    pub path: String,
    /// What δ is added to.
    pub kind: ShiftKind,
    /// The indices of its δ.
    pub range: Range<usize>,
}

/// A model prepared for training, without a particular δ.
#[derive(Clone, Debug)]
pub struct ShiftedModel<M> {
    /// The model: trained matrices are factored and wait for s, a scalar norm holds w/σ.
    pub(super) template: M,
    pub(super) layout: Vec<LayerRange>,
    /// U and Vᵀ of the layers that are rebuilt in the graph, in the order of the layout.
    pub(super) rebuilt: Vec<Option<[Matrix; 2]>>,
    /// b: σ or w, `[len]`.
    pub(super) base: Tensor<1>,
    /// The lower bound of b + δ: 0, or no bound for full-length norms, `[len]`.
    pub(super) floor: Tensor<1>,
}

impl<M: VisitLayers> ShiftedModel<M> {
    /// The part of the flat vector of each layer. The ranges are adjacent and start at 0.
    pub fn layout(&self) -> &[LayerRange] {
        &self.layout
    }

    /// Length of the flat vector.
    pub fn len(&self) -> usize {
        self.base.dims()[0]
    }

    /// Whether no layer is trained.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device of the model, without autodiff.
    pub fn device(&self) -> Device {
        self.base.device()
    }

    /// The model at `delta` `[len]`, with s as leaves of an autodiff graph. `delta` must be on the
    /// model's device, without autodiff.
    ///
    /// # Errors
    /// None that a caller can cause.
    ///
    /// # Panics
    /// If `delta` has another length.
    pub fn with_graph(&self, delta: Tensor<1>) -> Result<ShiftedModelWithGraph<M>> {
        assert_eq!(delta.dims(), [self.len()], "the flat vector of shifts");
        let s = (self.base.clone() + delta.inner()).max_pair(self.floor.clone());
        let open = s.clone().greater(self.floor.clone()).float();
        let leaves: Vec<Tensor<1>> = self
            .layout
            .iter()
            .map(|layer| {
                s.clone()
                    .slice([layer.range.clone()])
                    .autodiff()
                    .require_grad()
            })
            .collect();

        let mut model = self.template.clone();
        let mut trained = leaves
            .iter()
            .zip(&self.layout)
            .zip(&self.rebuilt)
            .peekable();
        model.visit_mut(&mut |path, layer| {
            // The layout has the order of the visit, without the layers that are not trained.
            match trained.next_if(|((_, place), _)| place.path == path) {
                Some(((leaf, place), factors)) => {
                    set_leaf(path, layer, leaf.clone(), place.kind, factors.as_ref())
                }
                None => Ok(()),
            }
        })?;
        Ok(ShiftedModelWithGraph::new(model, leaves, open))
    }

    /// The flat vector `delta` `[len]` as shifts by path.
    ///
    /// # Panics
    /// If `delta` has another length.
    pub fn to_shifts(&self, delta: &[f32]) -> ShiftSet {
        assert_eq!(delta.len(), self.len(), "the flat vector of shifts");
        let mut shifts = ShiftSet::new();
        for layer in &self.layout {
            shifts.insert(
                layer.path.clone(),
                layer.kind,
                delta[layer.range.clone()].to_vec(),
            );
        }
        shifts
    }
}

/// Makes `layer` depend on `leaf`, its part of s.
fn set_leaf(
    path: &str,
    layer: LayerMut<'_>,
    leaf: Tensor<1>,
    kind: ShiftKind,
    factors: Option<&[Matrix; 2]>,
) -> Result<()> {
    let weight = match layer {
        LayerMut::Norm(weight) => {
            *weight = match kind {
                ShiftKind::NormScalar => weight.clone() * leaf,
                _ => leaf,
            };
            return Ok(());
        }
        LayerMut::Embedding(table) => {
            if let Some([u, vt]) = factors {
                *table = reconstruct([u, vt], leaf).into();
            }
            return Ok(());
        }
        LayerMut::Linear(linear) => &mut linear.weight,
        LayerMut::Conv2d(conv) => &mut conv.weight,
    };
    match (weight, factors) {
        (weight, Some([u, vt])) => *weight = Weight::Full(reconstruct([u, vt], leaf).into()),
        (Weight::Factored { s, .. }, None) => *s = leaf,
        (Weight::Full(_), None) => return Err(other_model(path)),
    }
    Ok(())
}
