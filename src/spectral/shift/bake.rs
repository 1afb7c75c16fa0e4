//! Shifts baked into the weights: inference with the speed and the memory of the base model.
//!
//! ```text
//! matrix         W_δ = W + U diag(relu(σ + Σ strength·δ) − σ) Vᵀ
//! norm (full)    w_δ = w + Σ strength·δ
//! norm (scalar)  w_δ = w · relu(σ + Σ strength·δ) / σ, with σ = ‖w‖
//! ```
//!
//! The first line equals the paper's U diag(relu(σ + δ)) Vᵀ plus the residual W − U diag(σ) Vᵀ,
//! which the authors add back, too. Where δ is 0 the weight equals the base model's to the last bit.
//!
//! The computation is in F32. A weight stored as F16 is widened, shifted and rounded again, by half
//! a unit in the last place, which is at most 2⁻¹¹ of the weight.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use crate::error::{Error, Result};
use crate::model::layer_info::LayerShape;
use crate::model::layers::{LayerMut, Weight};
use crate::model::visit_layers::VisitLayers;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::layer_factors::{
    LayerFactors, full_weight, not_decomposed, other_model,
};
use crate::spectral::decompose::transfer::upload;
use crate::spectral::shift::{Shift, ShiftKind, ShiftSet};

impl DecomposedModel {
    /// A copy of `model` with σ + Σ strength·δ over all `deltas`. Layers without a shift share the
    /// weights of `model`.
    ///
    /// # Errors
    /// `Delta`, naming the layers, if a path is not in the model, a length does not fit, or two
    /// deltas cannot be added; `Decomposition` if `model` is not the decomposed one, or a shifted
    /// layer has no factors.
    pub fn bake<M: VisitLayers>(&self, model: &M, deltas: &[(&ShiftSet, f32)]) -> Result<M> {
        let total = ShiftSet::weighted_sum(deltas)?;
        self.check(&total)?;
        let layers: BTreeMap<&str, &LayerFactors> = self.layers().collect();
        let mut baked = model.clone();
        baked.visit_mut(&mut |path, layer| {
            let Some(shift) = total
                .get(path)
                .filter(|shift| shift.delta.iter().any(|&delta| delta != 0.0))
            else {
                return Ok(());
            };
            let factors = *layers.get(path).ok_or_else(|| not_decomposed(path))?;
            match layer {
                LayerMut::Linear(linear) => {
                    let weight = full_weight(path, &linear.weight)?;
                    linear.weight = Weight::Full(shifted(path, weight, factors, shift)?);
                }
                LayerMut::Conv2d(conv) => {
                    let weight = full_weight(path, &conv.weight)?;
                    conv.weight = Weight::Full(shifted(path, weight, factors, shift)?);
                }
                LayerMut::Embedding(table) => *table = shifted(path, table, factors, shift)?,
                LayerMut::Norm(weight) => {
                    let LayerFactors::Norm(values) = factors else {
                        return Err(other_model(path));
                    };
                    if weight.dims() != [values.len()] {
                        return Err(other_model(path));
                    }
                    *weight = shifted_norm(values, shift, &weight.device());
                }
            }
            Ok(())
        })?;
        Ok(baked)
    }

    /// Checks that every shift has a layer of its kind and length in the model. The layers need no
    /// factors.
    ///
    /// # Errors
    /// `Delta`, naming up to three layers that do not fit.
    pub fn check(&self, shifts: &ShiftSet) -> Result<()> {
        let wrong: Vec<String> = shifts
            .iter()
            .filter_map(|(path, shift)| misfit(path, self.shapes().get(path), shift))
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let more = if wrong.len() > 3 {
            format!(" and {} more", wrong.len() - 3)
        } else {
            String::new()
        };
        Err(Error::Delta(format!(
            "The delta does not fit this base: {}{more}. It was made for a model of another shape; choose the base that it names.",
            wrong[..wrong.len().min(3)].join(", ")
        )))
    }
}

/// Why a shift does not fit a layer of this shape; `None` if it fits.
fn misfit(path: &str, shape: Option<&LayerShape>, shift: &Shift) -> Option<String> {
    let expected = match (shape, shift.kind) {
        (Some(LayerShape::Norm { channels }), ShiftKind::NormFull) => *channels,
        (Some(LayerShape::Norm { .. }), ShiftKind::NormScalar) => 1,
        (
            Some(
                shape @ (LayerShape::Linear { .. }
                | LayerShape::Conv2d { .. }
                | LayerShape::Embedding { .. }),
            ),
            ShiftKind::Spectral,
        ) => shape.rank(),
        (Some(_), kind) => return Some(format!("'{path}' ({kind:?} is not for this layer)")),
        (None, _) => return Some(format!("'{path}' (no such layer)")),
    };
    let found = shift.delta.len();
    (found != expected).then(|| format!("'{path}' ({found} numbers, the layer has {expected})"))
}

/// W + U diag(relu(σ + δ) − σ) Vᵀ, in the storage type of W.
fn shifted(path: &str, weight: &Matrix, factors: &LayerFactors, shift: &Shift) -> Result<Matrix> {
    let LayerFactors::Matrix { u, sigma, vt } = factors else {
        return Err(other_model(path));
    };
    if weight.dims() != [u.dims()[0], vt.dims()[1]] {
        return Err(other_model(path));
    }
    let change: Vec<f32> = sigma_changes(sigma, &shift.delta).collect();
    let change = upload(change, [1, sigma.len()], &weight.device());
    let shifted = weight.f32() + (u.f32() * change).matmul(vt.f32());
    Ok(Matrix::rounded(shifted, weight.stored()))
}

/// w + δ, or w · relu(σ + δ) / σ. A norm of zeros has no direction and stays zero.
fn shifted_norm(weight: &[f32], shift: &Shift, device: &Device) -> Tensor<1> {
    let values = match shift.kind {
        ShiftKind::NormScalar => {
            let sigma = norm(weight);
            let factor = match shift.delta.first() {
                Some(delta) if sigma > 0.0 => (sigma + delta).max(0.0) / sigma,
                _ => 1.0,
            };
            weight.iter().map(|w| w * factor).collect()
        }
        _ => weight
            .iter()
            .zip(&shift.delta)
            .map(|(w, delta)| w + delta)
            .collect::<Vec<f32>>(),
    };
    upload(values, [weight.len()], device)
}

/// The change of the singular values, relu(σ + δ) − σ.
pub(crate) fn sigma_changes(sigma: &[f32], delta: &[f32]) -> impl Iterator<Item = f32> {
    sigma
        .iter()
        .zip(delta)
        .map(|(sigma, delta)| (sigma + delta).max(0.0) - sigma)
}

/// ‖w‖, the singular value of w as a 1×C row.
pub(crate) fn norm(weight: &[f32]) -> f32 {
    weight
        .iter()
        .map(|&w| f64::from(w).powi(2))
        .sum::<f64>()
        .sqrt() as f32
}
