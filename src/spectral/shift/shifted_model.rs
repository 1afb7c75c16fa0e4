//! A model whose shifts δ are trained, seen by the optimiser as one flat vector.
//!
//! With b = σ for matrices and scalar norms and b = w for full-length norms, all layers' values
//! s = relu(b + δ) (no relu for full-length norms) are computed in one step outside the graph.
//! Each layer then holds its piece of s as a leaf, so that a step costs the graph nothing but the
//! layers themselves; ∂L/∂δ is ∂L/∂s where b + δ > 0 and 0 elsewhere, again in one step.
//!
//! # A rule for each layer
//!
//! W [m, n] with r = min(m, n) and T tokens or pixels a step costs, in multiply-adds forward and
//! backward, 2·T·r·(m+n) as factors ([`WeightForm::Factored`]) and 3·T·m·n + 2·r·m·n with the weight
//! rebuilt in the graph ([`WeightForm::Rebuilt`]). Factors win wherever 2·r·(m+n) ≤ 3·m·n, which is
//! every layer whose long side is at least twice its short one, hence every 3×3 convolution of a
//! diffusion model; for a square one rebuilding saves at most a quarter, and only above T = 2·m.
//! On the embedded base (CPU time of a step, batch 2, one thread): factors throughout 170 to 174 ms,
//! square layers rebuilt 178 to 187, everything rebuilt 362 to 437. Hence [`DecomposedModel::shifted_model`]
//! takes factors throughout, and [`DecomposedModel::shifted_model_with`] lets a measurement decide otherwise.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::{Device, Gradients, Tensor};

use crate::error::{Error, Result};
use crate::model::layers::{Conv2d, LayerForm, LayerMut, Linear, Weight};
use crate::ops::matmul::stored_matrix::{Matrix, rebuilt};
use crate::spectral::decompose::decomposed_model::{
    DecomposedModel, LayerFactors, Layers, not_decomposed, other_model, upload, whole,
};
use crate::spectral::shift::bake::norm;
use crate::spectral::shift::{NormShift, ShiftKind, ShiftSet};

/// How a matrix takes part in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightForm {
    /// y = ((x V) ⊙ s) Uᵀ: the weight is never built.
    Factored,
    /// W_δ = (U ⊙ s) Vᵀ is built inside the graph, as svdiff-pytorch does.
    Rebuilt,
}

/// One layer's place in the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRange {
    /// The layer's path.
    pub path: String,
    /// What δ is added to.
    pub kind: ShiftKind,
    /// Where its δ is.
    pub range: Range<usize>,
}

/// A model in training, without its current δ.
#[derive(Clone, Debug)]
pub struct ShiftedModel<M> {
    /// Matrices are factored with s missing yet; a scalar norm holds w/σ.
    template: M,
    layout: Vec<LayerRange>,
    /// U and Vᵀ of the layers that are rebuilt in the graph, in the order of the layout.
    rebuilt: Vec<Option<[Matrix; 2]>>,
    /// b: σ or w, `[len]`.
    base: Tensor<1>,
    /// What b + δ never falls below: 0, or no limit for full-length norms, `[len]`.
    floor: Tensor<1>,
}

/// A model with one δ in it, ready for a forward and a backward pass.
#[derive(Debug)]
pub struct ShiftedModelWithGraph<M> {
    /// The model; its output is tracked.
    pub model: M,
    leaves: Vec<Tensor<1>>,
    /// 1 where δ acts, 0 where relu has closed, `[len]`.
    open: Tensor<1>,
}

impl DecomposedModel {
    /// Prepares `model` for training: every matrix as its factors, every norm with its own δ.
    ///
    /// # Errors
    /// `Decomposition` if `model` is not what was decomposed.
    pub fn shifted_model<M: Layers>(&self, model: &M, norms: NormShift) -> Result<ShiftedModel<M>> {
        self.shifted_model_with(model, norms, |_, _, _| Some(WeightForm::Factored))
    }

    /// As [`shifted_model`](Self::shifted_model), but each layer is chosen by path, kind and shape
    /// `[c_out, fan_in]` (a norm's is `[1, channels]`): how a matrix takes part, or `None` for a
    /// layer that stays the base's.
    ///
    /// # Errors
    /// `Decomposition` if `model` is not what was decomposed, or a chosen layer was not; `Settings`
    /// if no layer is chosen.
    pub fn shifted_model_with<M: Layers>(
        &self,
        model: &M,
        norms: NormShift,
        choose: impl Fn(&str, LayerForm, [usize; 2]) -> Option<WeightForm>,
    ) -> Result<ShiftedModel<M>> {
        let (mut layout, mut rebuilt) = (Vec::new(), Vec::new());
        let (mut base, mut floor) = (Vec::new(), Vec::new());
        let mut device = None;
        let layers: BTreeMap<&str, &LayerFactors> = self.layers().collect();
        let mut met = 0;
        let mut template = model.clone();
        template.visit_mut(&mut |path, layer| {
            let shape = self.shapes().get(path);
            let shape = shape.ok_or_else(|| other_model(path))?.matrix();
            met += 1;
            let Some(form) = choose(path, layer.form(), shape) else {
                return Ok(());
            };
            let factors = *layers.get(path).ok_or_else(|| not_decomposed(path))?;
            let start = base.len();
            let mut factors_in_graph = None;
            let kind = match (layer, factors) {
                (LayerMut::Norm(weight), LayerFactors::Norm(values))
                    if weight.dims() == [values.len()] =>
                {
                    device.get_or_insert(weight.device());
                    match norms {
                        NormShift::FullLength => {
                            base.extend(values);
                            floor.resize(base.len(), f32::MIN);
                        }
                        NormShift::Scalar => {
                            let sigma = norm(values);
                            let unit = if sigma > 0.0 { sigma } else { 1.0 };
                            let direction = values.iter().map(|w| w / unit).collect();
                            *weight = upload(direction, [values.len()], &weight.device());
                            base.push(sigma);
                            floor.push(0.0);
                        }
                    }
                    norms.into()
                }
                (LayerMut::Norm(_), _) | (_, LayerFactors::Norm(_)) => {
                    return Err(other_model(path));
                }
                (layer, LayerFactors::Matrix { u, sigma, vt }) => {
                    let (place, dims) = match layer {
                        LayerMut::Linear(linear) => {
                            let dims = whole(path, &linear.weight)?.dims();
                            (Some(&mut linear.weight), dims)
                        }
                        LayerMut::Conv2d(conv) => {
                            let dims = whole(path, &conv.weight)?.dims();
                            (Some(&mut conv.weight), dims)
                        }
                        LayerMut::Embedding(table) => (None, table.dims()),
                        LayerMut::Norm(_) => return Err(other_model(path)),
                    };
                    if dims != shape {
                        return Err(other_model(path));
                    }
                    device.get_or_insert(u.device());
                    match place {
                        Some(weight) if form == WeightForm::Factored => {
                            let s = upload(sigma.clone(), [sigma.len()], &u.device());
                            *weight = Weight::Factored {
                                u: u.clone(),
                                s,
                                vt: vt.clone(),
                            };
                        }
                        _ => factors_in_graph = Some([u.clone(), vt.clone()]),
                    }
                    base.extend(sigma);
                    floor.resize(base.len(), 0.0);
                    ShiftKind::Spectral
                }
            };
            rebuilt.push(factors_in_graph);
            layout.push(LayerRange {
                path: path.to_owned(),
                kind,
                range: start..base.len(),
            });
            Ok(())
        })?;
        if met != self.shapes().len() {
            return Err(Error::Decomposition(
                "The decomposition has layers that this model lacks: it was made for another base. Decompose this base first."
                    .into(),
            ));
        }
        let device = device.ok_or_else(|| {
            Error::Settings(
                "The chosen layers are none that this base has, so nothing would be trained. Choose other layers; 'all' always works."
                    .into(),
            )
        })?;
        let len = base.len();
        Ok(ShiftedModel {
            template,
            layout,
            rebuilt,
            base: upload(base, [len], &device),
            floor: upload(floor, [len], &device),
        })
    }
}

impl<M: Layers> ShiftedModel<M> {
    /// Where each layer's δ is in the flat vector; the ranges follow each other from 0.
    pub fn layout(&self) -> &[LayerRange] {
        &self.layout
    }

    /// Length of the flat vector.
    pub fn len(&self) -> usize {
        self.base.dims()[0]
    }

    /// Whether there is nothing to train.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the model computes, without autodiff.
    pub fn device(&self) -> Device {
        self.base.device()
    }

    /// The model at `delta` `[len]`, which is on the model's own device, without autodiff.
    ///
    /// # Errors
    /// None that a caller can cause; the visitor's.
    ///
    /// # Panics
    /// If `delta` has another length: a bug of the caller.
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
        let mut layers = leaves
            .iter()
            .zip(&self.layout)
            .zip(&self.rebuilt)
            .peekable();
        model.visit_mut(&mut |path, layer| {
            // The layout follows the visit and leaves out what is not trained.
            let Some(((leaf, place), factors)) =
                layers.next_if(|((_, place), _)| place.path == path)
            else {
                return Ok(());
            };
            let leaf = leaf.clone();
            let weight = match layer {
                LayerMut::Norm(weight) => {
                    *weight = match place.kind {
                        ShiftKind::NormScalar => weight.clone() * leaf,
                        _ => leaf,
                    };
                    return Ok(());
                }
                LayerMut::Embedding(table) => {
                    if let Some([u, vt]) = factors {
                        *table = rebuilt([u, vt], leaf).into();
                    }
                    return Ok(());
                }
                LayerMut::Linear(linear) => &mut linear.weight,
                LayerMut::Conv2d(conv) => &mut conv.weight,
            };
            match (weight, factors) {
                (weight, Some([u, vt])) => {
                    *weight = Weight::Full(rebuilt([u, vt], leaf).into());
                }
                (Weight::Factored { s, .. }, None) => *s = leaf,
                (Weight::Full(_), None) => return Err(other_model(path)),
            }
            Ok(())
        })?;
        Ok(ShiftedModelWithGraph {
            model,
            leaves,
            open,
        })
    }

    /// A flat vector as shifts by path.
    ///
    /// # Panics
    /// If `delta` has another length: a bug of the caller.
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

impl<M: Layers> ShiftedModelWithGraph<M> {
    /// The same model without a graph: nothing that it computes is kept for a backward pass.
    ///
    /// # Errors
    /// None that a caller can cause; the visitor's.
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

/// ∂L/∂s of the layers that the backward passes so far have reached.
#[derive(Clone, Debug, Default)]
pub struct ShiftGradients {
    /// One per leaf, or none at all yet.
    parts: Vec<Option<Tensor<1>>>,
}

impl<M> ShiftedModelWithGraph<M> {
    /// Takes what `gradients` has of this model and adds it to `collected`.
    pub fn collect(&self, gradients: &mut Gradients, collected: &mut ShiftGradients) {
        collected.parts.resize(self.leaves.len(), None);
        for (leaf, part) in self.leaves.iter().zip(&mut collected.parts) {
            if let Some(found) = leaf.grad_remove(gradients) {
                *part = Some(match part.take() {
                    Some(before) => before + found,
                    None => found,
                });
            }
        }
    }

    /// ∂L/∂δ of all passes as one vector `[len]`, without autodiff; 0 for layers that the loss does
    /// not see.
    pub fn total(&self, collected: ShiftGradients) -> Tensor<1> {
        let mut found = collected.parts.into_iter();
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

    /// As [`total`](Self::total), of a single backward pass.
    pub fn gradient(&self, gradients: &mut Gradients) -> Tensor<1> {
        let mut collected = ShiftGradients::default();
        self.collect(gradients, &mut collected);
        self.total(collected)
    }
}
