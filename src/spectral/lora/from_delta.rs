//! A delta as a LoRA.
//!
//! A shift changes a weight by Σ dᵢ uᵢ vᵢᵀ with d = relu(σ + δ) − σ. By the Eckart–Young theorem the
//! best approximation of rank r consists of the r terms with the largest |dᵢ|; no further
//! decomposition is needed.

use crate::error::{Error, Result};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::layer_factors::LayerFactors;
use crate::spectral::decompose::transfer::read;
use crate::spectral::delta::Delta;
use crate::spectral::delta::combine::{by_change, check_rank};
use crate::spectral::lora::layers::{Lora, LoraLayer, LoraLayers};
use crate::spectral::shift::bake::{norm, sigma_changes};
use crate::spectral::shift::{Shift, ShiftKind, ShiftSet};

/// How much of a delta's weight change a LoRA contains, as squared Frobenius norms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoraReport {
    /// The requested rank.
    pub rank: usize,
    /// The number of layers in the LoRA.
    pub layers: usize,
    /// The number of layers with a lower rank than requested; they are exact.
    pub clamped: usize,
    /// Σ d² of the singular values in the LoRA, d = relu(σ + δ) − σ.
    pub kept: f64,
    /// Σ d² of all linear and convolution weights.
    pub matrices: f64,
    /// The squared change of norms and embeddings, which a LoRA cannot contain.
    pub inexpressible: f64,
}

impl LoraReport {
    /// The share of Σ d² of linear and convolution weights in the LoRA, 0 to 1.
    pub fn energy(&self) -> f64 {
        share(self.kept, self.matrices)
    }

    /// The share of norms and embeddings in the squared change of the delta, 0 to 1.
    pub fn left_out(&self) -> f64 {
        1.0 - share(self.matrices, self.matrices + self.inexpressible)
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

impl Lora {
    /// The best approximation of a delta at strength 1 by a LoRA of rank `rank`. Layers with a lower
    /// rank are exact. `text_encoder` may be `None` if the delta does not shift the text encoder.
    ///
    /// # Errors
    /// `Settings` if no layer has that rank; `Delta` if the delta does not fit the base model or
    /// shifts no layer that a LoRA can contain; `Device` if factors cannot be read.
    pub async fn from_delta(
        delta: &Delta,
        unet: &DecomposedModel,
        text_encoder: Option<&DecomposedModel>,
        rank: usize,
    ) -> Result<(Self, LoraReport)> {
        check_rank(delta, rank)?;
        let mut report = LoraReport {
            rank,
            ..LoraReport::default()
        };
        let lora = Self {
            unet: from_shifts(&delta.unet, unet, rank, &mut report).await?,
            text_encoder: match text_encoder {
                Some(base) => from_shifts(&delta.text_encoder, base, rank, &mut report).await?,
                None if delta.text_encoder.is_empty() => LoraLayers::new(),
                None => {
                    return Err(Error::Delta("This delta also shifts the text encoder, whose decomposition is needed to write it as a LoRA.".into()));
                }
            },
        };
        if report.layers == 0 {
            return Err(Error::Delta("This delta shifts no linear or convolution weight, so a LoRA of it would be empty. Train it on other layers.".into()));
        }
        Ok((lora, report))
    }
}

/// The layers of one model, and their part of the report.
async fn from_shifts(
    shifts: &ShiftSet,
    base: &DecomposedModel,
    rank: usize,
    report: &mut LoraReport,
) -> Result<LoraLayers> {
    base.check(shifts)?;
    let mut lora = LoraLayers::new();
    for (path, layer) in base.layers() {
        let Some(shift) = shifts.get(path) else {
            continue;
        };
        let LayerFactors::Matrix { u, sigma, vt } = layer else {
            if let LayerFactors::Norm(weight) = layer {
                report.inexpressible += norm_change(weight, shift);
            }
            continue;
        };
        let change: Vec<f32> = sigma_changes(sigma, &shift.delta).collect();
        let energy = |indices: &[usize]| -> f64 {
            indices.iter().map(|&i| f64::from(change[i]).powi(2)).sum()
        };
        let mut indices = by_change(sigma, &shift.delta);
        let total = energy(&indices);
        if is_embedding(path) {
            report.inexpressible += total;
            continue;
        }
        if total == 0.0 {
            continue;
        }
        report.clamped += usize::from(indices.len() < rank);
        indices.truncate(rank);
        report.layers += 1;
        report.matrices += total;
        report.kept += energy(&indices);
        lora.insert(path.to_owned(), truncated(u, vt, &change, &indices).await?);
    }
    Ok(lora)
}

/// Σ dᵢ uᵢ vᵢᵀ over `indices`. Both factors get √|dᵢ|, so that neither underflows in F16.
async fn truncated(
    u: &Matrix,
    vt: &Matrix,
    change: &[f32],
    indices: &[usize],
) -> Result<LoraLayer> {
    let ([c_out, r], fan_in, rank) = (u.dims(), vt.dims()[1], indices.len());
    let (u, vt) = (read(u.f32()).await?, read(vt.f32()).await?);
    let mut up = Vec::with_capacity(c_out * rank);
    for row in 0..c_out {
        up.extend(
            indices
                .iter()
                .map(|&i| u[row * r + i] * change[i].abs().sqrt().copysign(change[i])),
        );
    }
    let mut down = Vec::with_capacity(rank * fan_in);
    for &i in indices {
        let root = change[i].abs().sqrt();
        down.extend(vt[i * fan_in..(i + 1) * fan_in].iter().map(|v| v * root));
    }
    Ok(LoraLayer {
        rank,
        scale: 1.0,
        down,
        up,
    })
}

/// Whether a layer is an embedding table of CLIP. LoRA formats have no names for embeddings.
fn is_embedding(path: &str) -> bool {
    path.ends_with("_embedding")
}

/// The squared change of a norm's weight.
fn norm_change(weight: &[f32], shift: &Shift) -> f64 {
    match (shift.kind, &shift.delta[..]) {
        (ShiftKind::NormScalar, [delta]) => {
            let sigma = norm(weight);
            f64::from((sigma + delta).max(0.0) - sigma).powi(2)
        }
        (_, delta) => delta.iter().map(|&d| f64::from(d).powi(2)).sum(),
    }
}
