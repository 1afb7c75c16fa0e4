//! Prepares a decomposed model for training.
//!
//! # Factored or rebuilt
//!
//! For a weight `[m, n]` with r = min(m, n) and T tokens or pixels, forward and backward pass cost
//! 2·T·r·(m+n) multiply-adds with factors ([`WeightForm::Factored`]), and 3·T·m·n + 2·r·m·n with the
//! weight rebuilt in the graph ([`WeightForm::Rebuilt`]). Factors are cheaper if
//! 2·r·(m+n) ≤ 3·m·n, which holds if the long side is at least twice the short one, and therefore
//! for every 3×3 convolution of a diffusion model. For a square weight, rebuilding saves at most a
//! quarter, and only above T = 2·m.
//!
//! Measured on the embedded base model (CPU time of a step, batch 2, one thread): 170 to 174 ms
//! with factors only, 178 to 187 ms with square layers rebuilt, 362 to 437 ms with all layers
//! rebuilt. [`DecomposedModel::shifted_model`] therefore uses factors only;
//! [`DecomposedModel::shifted_model_with`] allows another choice.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use crate::error::{Error, Result};
use crate::model::layers::{LayerForm, LayerMut, Weight};
use crate::model::visit_layers::VisitLayers;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::layer_factors::{
    LayerFactors, full_weight, not_decomposed, other_model,
};
use crate::spectral::decompose::transfer::upload;
use crate::spectral::shift::bake::norm;
use crate::spectral::shift::shifted_model::{LayerRange, ShiftedModel, WeightForm};
use crate::spectral::shift::{NormShift, ShiftKind};

impl DecomposedModel {
    /// Prepares `model` for training all its layers, every matrix as its factors.
    ///
    /// # Errors
    /// `Decomposition` if `model` is not the decomposed one or a layer has no factors.
    pub fn shifted_model<M: VisitLayers>(
        &self,
        model: &M,
        norms: NormShift,
    ) -> Result<ShiftedModel<M>> {
        self.shifted_model_with(model, norms, |_, _, _| Some(WeightForm::Factored))
    }

    /// Prepares `model` for training the layers for which `choose(path, form, shape)` returns a
    /// form. `shape` is `[c_out, fan_in]`, or `[1, channels]` for a norm. The other layers keep their
    /// weights.
    ///
    /// # Errors
    /// `Decomposition` if `model` is not the decomposed one, or a chosen layer has no factors;
    /// `Settings` if no layer is chosen.
    pub fn shifted_model_with<M: VisitLayers>(
        &self,
        model: &M,
        norms: NormShift,
        choose: impl Fn(&str, LayerForm, [usize; 2]) -> Option<WeightForm>,
    ) -> Result<ShiftedModel<M>> {
        let layers: BTreeMap<&str, &LayerFactors> = self.layers().collect();
        let mut builder = Builder::new(norms);
        let mut visited = 0;
        let mut template = model.clone();
        template.visit_mut(&mut |path, layer| {
            let shape = self.shapes().get(path);
            let shape = shape.ok_or_else(|| other_model(path))?.matrix();
            visited += 1;
            let Some(form) = choose(path, layer.form(), shape) else {
                return Ok(());
            };
            let factors = *layers.get(path).ok_or_else(|| not_decomposed(path))?;
            match (layer, factors) {
                (LayerMut::Norm(weight), LayerFactors::Norm(values))
                    if weight.dims() == [values.len()] =>
                {
                    builder.add_norm(path, weight, values);
                    Ok(())
                }
                (LayerMut::Norm(_), _) | (_, LayerFactors::Norm(_)) => Err(other_model(path)),
                (layer, LayerFactors::Matrix { u, sigma, vt }) => {
                    builder.add_matrix(path, layer, (u, sigma, vt), shape, form)
                }
            }
        })?;
        if visited != self.shapes().len() {
            return Err(Error::Decomposition(
                "The decomposition has layers that this model lacks: it was made for another base. Decompose this base first."
                    .into(),
            ));
        }
        builder.finish(template)
    }
}

/// Collects the layers of a [`ShiftedModel`].
struct Builder {
    norms: NormShift,
    layout: Vec<LayerRange>,
    rebuilt: Vec<Option<[Matrix; 2]>>,
    base: Vec<f32>,
    floor: Vec<f32>,
    /// The device of the first layer.
    device: Option<Device>,
}

impl Builder {
    fn new(norms: NormShift) -> Self {
        Self {
            norms,
            layout: Vec::new(),
            rebuilt: Vec::new(),
            base: Vec::new(),
            floor: Vec::new(),
            device: None,
        }
    }

    /// Adds a norm with weight `values`; a scalar one gets its direction w/σ.
    fn add_norm(&mut self, path: &str, weight: &mut Tensor<1>, values: &[f32]) {
        self.device.get_or_insert(weight.device());
        match self.norms {
            NormShift::FullLength => self.add(path, ShiftKind::NormFull, values, f32::MIN, None),
            NormShift::Scalar => {
                let sigma = norm(values);
                let unit = if sigma > 0.0 { sigma } else { 1.0 };
                let direction = values.iter().map(|w| w / unit).collect();
                *weight = upload(direction, [values.len()], &weight.device());
                self.add(path, ShiftKind::NormScalar, &[sigma], 0.0, None);
            }
        }
    }

    /// Adds a matrix; a factored one replaces the weight of `layer`.
    fn add_matrix(
        &mut self,
        path: &str,
        layer: LayerMut<'_>,
        (u, sigma, vt): (&Matrix, &[f32], &Matrix),
        shape: [usize; 2],
        form: WeightForm,
    ) -> Result<()> {
        let (weight, dims) = match layer {
            LayerMut::Linear(linear) => {
                let dims = full_weight(path, &linear.weight)?.dims();
                (Some(&mut linear.weight), dims)
            }
            LayerMut::Conv2d(conv) => {
                let dims = full_weight(path, &conv.weight)?.dims();
                (Some(&mut conv.weight), dims)
            }
            LayerMut::Embedding(table) => (None, table.dims()),
            LayerMut::Norm(_) => return Err(other_model(path)),
        };
        if dims != shape {
            return Err(other_model(path));
        }
        self.device.get_or_insert(u.device());
        let rebuilt = match weight {
            Some(weight) if form == WeightForm::Factored => {
                *weight = Weight::Factored {
                    u: u.clone(),
                    s: upload(sigma.to_vec(), [sigma.len()], &u.device()),
                    vt: vt.clone(),
                };
                None
            }
            _ => Some([u.clone(), vt.clone()]),
        };
        self.add(path, ShiftKind::Spectral, sigma, 0.0, rebuilt);
        Ok(())
    }

    fn add(
        &mut self,
        path: &str,
        kind: ShiftKind,
        base: &[f32],
        floor: f32,
        rebuilt: Option<[Matrix; 2]>,
    ) {
        let start = self.base.len();
        self.base.extend(base);
        self.floor.resize(self.base.len(), floor);
        self.rebuilt.push(rebuilt);
        self.layout.push(LayerRange {
            path: path.to_owned(),
            kind,
            range: start..self.base.len(),
        });
    }

    /// # Errors
    /// `Settings` if no layer was added.
    fn finish<M>(self, template: M) -> Result<ShiftedModel<M>> {
        let device = self.device.ok_or_else(|| {
            Error::Settings(
                "The chosen layers are none that this base has, so nothing would be trained. Choose other layers; 'all' always works."
                    .into(),
            )
        })?;
        let len = self.base.len();
        Ok(ShiftedModel {
            template,
            layout: self.layout,
            rebuilt: self.rebuilt,
            base: upload(self.base, [len], &device),
            floor: upload(self.floor, [len], &device),
        })
    }
}
