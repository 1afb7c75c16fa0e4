//! Shifts into weights, for inference at the base's speed and memory.
//!
//! ```text
//! matrix   W_δ = W + U diag(relu(σ + Σ strength·δ) − σ) Vᵀ
//! norm     w_δ = w + Σ strength·δ                    (full length)
//!          w_δ = w · relu(σ + Σ strength·δ) / σ      (scalar; σ = ‖w‖)
//! ```
//!
//! The first line is the paper's U diag(relu(σ+δ)) Vᵀ plus the residual W − U diag(σ) Vᵀ that the
//! authors add back: where δ is 0 the weight is the base's to the last bit.
//!
//! All of it is computed in F32. A weight that is stored as halves is widened for it, and what comes
//! out is rounded to halves once more: half a unit in the last place, 2⁻¹¹ of a weight at most.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use crate::error::{Error, Result};
use crate::model::layers::{LayerMut, Weight};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::decomposed_model::{
    DecomposedModel, LayerFactors, Layers, not_decomposed, other_model, upload, whole,
};
use crate::spectral::decompose::shapes::LayerShape;
use crate::spectral::shift::{Shift, ShiftKind, ShiftSet};

impl DecomposedModel {
    /// A copy of `model` with σ + Σ strength·δ over all `deltas`; layers that no delta shifts
    /// share the base's weights.
    ///
    /// # Errors
    /// `Delta` if a path is not in the model, a length does not fit, or two deltas cannot be
    /// added, naming the layers; `Decomposition` if `model` is not what was decomposed, or a layer
    /// that is shifted was not.
    pub fn bake<M: Layers>(&self, model: &M, deltas: &[(&ShiftSet, f32)]) -> Result<M> {
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
            let base = *layers.get(path).ok_or_else(|| not_decomposed(path))?;
            match layer {
                LayerMut::Linear(linear) => {
                    linear.weight =
                        Weight::Full(shifted(path, whole(path, &linear.weight)?, base, shift)?);
                }
                LayerMut::Conv2d(conv) => {
                    conv.weight =
                        Weight::Full(shifted(path, whole(path, &conv.weight)?, base, shift)?);
                }
                LayerMut::Embedding(table) => *table = shifted(path, table, base, shift)?,
                LayerMut::Norm(weight) => {
                    let LayerFactors::Norm(values) = base else {
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

    /// Whether every shift has a layer of its kind and length in the model, decomposed or not.
    ///
    /// # Errors
    /// `Delta`, naming the layers that do not fit.
    pub fn check(&self, shifts: &ShiftSet) -> Result<()> {
        let wrong: Vec<String> = shifts
            .iter()
            .filter_map(|(path, shift)| {
                let expected = match (self.shapes().get(path), shift.kind) {
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
                    (Some(_), kind) => {
                        return Some(format!("'{path}' ({kind:?} is not for this layer)"));
                    }
                    (None, _) => return Some(format!("'{path}' (no such layer)")),
                };
                let found = shift.delta.len();
                (found != expected)
                    .then(|| format!("'{path}' ({found} numbers, the layer has {expected})"))
            })
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

/// W + U diag(relu(σ+δ) − σ) Vᵀ, stored as W is.
fn shifted(path: &str, weight: &Matrix, base: &LayerFactors, shift: &Shift) -> Result<Matrix> {
    let LayerFactors::Matrix { u, sigma, vt } = base else {
        return Err(other_model(path));
    };
    if weight.dims() != [u.dims()[0], vt.dims()[1]] {
        return Err(other_model(path));
    }
    let change: Vec<f32> = sigma
        .iter()
        .zip(&shift.delta)
        .map(|(sigma, delta)| (sigma + delta).max(0.0) - sigma)
        .collect();
    let change = upload(change, [1, sigma.len()], &weight.device());
    let shifted = weight.f32() + (u.f32() * change).matmul(vt.f32());
    Ok(Matrix::rounded(shifted, weight.stored()))
}

/// w + δ, or w · relu(σ+δ) / σ. A norm of zeros has no direction and stays as it is.
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

/// ‖w‖, the one singular value of a 1×C row.
pub(crate) fn norm(weight: &[f32]) -> f32 {
    weight
        .iter()
        .map(|&w| f64::from(w).powi(2))
        .sum::<f64>()
        .sqrt() as f32
}
