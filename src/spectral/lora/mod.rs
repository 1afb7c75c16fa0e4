//! LoRA: ΔW = scale · B A with A `[r, fan_in]` and B `[c_out, r]`, for programs that know no shifts.
//!
//! A shift changes a weight by Σ dᵢ uᵢ vᵢᵀ with d = relu(σ + δ) − σ, so the best LoRA of rank r
//! (Eckart–Young) is its r largest |dᵢ|, without another decomposition. Norms and embeddings have
//! no place in a LoRA; [`LoraReport`] says how much that leaves out.
//!
//! Somebody else's LoRA is no shift: its directions are its own. It is added to the weights as it
//! is ([`apply`]), beside any deltas.

pub mod diffusers;
pub mod file;
pub mod kohya;

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::delta::Delta;
use super::shift::{Shift, ShiftKind, ShiftSet};
use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::layers::{LayerMut, Weight};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::decomposed_model::{
    DecomposedModel, LayerFactors, Layers, other_model, read, upload, whole,
};
use crate::spectral::decompose::shapes::layer_shapes;
use crate::spectral::delta::combine::{changes, check_rank, largest};
use crate::spectral::shift::bake::norm;

/// ΔW = scale · B A of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraLayer {
    /// r.
    pub rank: usize,
    /// alpha / r.
    pub scale: f32,
    /// A: `[r, fan_in]`.
    pub down: Vec<f32>,
    /// B: `[c_out, r]`.
    pub up: Vec<f32>,
}

/// The layers of one model, by path.
pub type LoraLayers = BTreeMap<String, LoraLayer>;

/// A LoRA of a UNet and of a text encoder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lora {
    /// Layers of the UNet.
    pub unet: LoraLayers,
    /// Layers of the text encoder; empty if it was frozen.
    pub text_encoder: LoraLayers,
}

/// What a LoRA keeps of the delta that it was made of, in squares of weight changes (Frobenius).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoraReport {
    /// The rank that was asked for.
    pub rank: usize,
    /// Layers in the LoRA.
    pub layers: usize,
    /// Of them, those of a lower rank, which are whole.
    pub clamped: usize,
    /// Σ d² that is kept.
    pub kept: f64,
    /// Σ d² of linear and convolution weights.
    pub matrices: f64,
    /// Squared change of norms and embeddings, which no LoRA has.
    pub inexpressible: f64,
}

impl LoraReport {
    /// Σ d² kept / Σ d², 0 to 1.
    pub fn energy(&self) -> f64 {
        share(self.kept, self.matrices)
    }

    /// The share of the delta's whole squared change that norms and embeddings make, 0 to 1.
    pub fn left_out(&self) -> f64 {
        1.0 - share(self.matrices, self.matrices + self.inexpressible)
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

impl Lora {
    /// The best LoRA of rank `rank`, at strength 1; layers of a lower rank are whole.
    ///
    /// `text_encoder` is needed only if the delta shifts it.
    ///
    /// # Errors
    /// `Settings` if no layer has that rank; `Delta` if the delta is not this base's or shifts
    /// nothing that a LoRA can hold; `Device` if factors cannot be read.
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
            unet: of_shifts(&delta.unet, unet, rank, &mut report).await?,
            text_encoder: match text_encoder {
                Some(base) => of_shifts(&delta.text_encoder, base, rank, &mut report).await?,
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

    /// Reads anyone's LoRA file, in kohya's names or diffusers', against the layers of `base`.
    ///
    /// # Errors
    /// `Delta`, naming the tensor, if it is no LoRA, is damaged, or was made for another model.
    pub fn read(bytes: &[u8], base: &BaseModel) -> Result<Self> {
        let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
        file::read(bytes, &shapes[0], &shapes[1])
    }
}

/// `base` with LoRAs added to its UNet and its text encoder, each with a strength.
///
/// Deltas are baked in before: their U and V are those of the base without a LoRA. What nobody else
/// holds of the base is changed layer by layer, so that no second copy of it is in memory.
///
/// # Errors
/// `Settings` for a strength that is no number; as [`apply`].
pub fn add_to(mut base: BaseModel, loras: &[(&Lora, f32)]) -> Result<BaseModel> {
    if let Some((_, strength)) = loras.iter().find(|(_, strength)| !strength.is_finite()) {
        return Err(Error::Settings(format!(
            "The strength of a LoRA is {strength}; give a number such as 0.8 or 1."
        )));
    }
    let part = |of: fn(&Lora) -> &LoraLayers| -> Vec<(&LoraLayers, f32)> {
        loras.iter().map(|(lora, by)| (of(lora), *by)).collect()
    };
    add(&mut base.text_encoder, &part(|lora| &lora.text_encoder))?;
    add(&mut base.unet, &part(|lora| &lora.unet))?;
    Ok(base)
}

async fn of_shifts(
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
        let change: Vec<f32> = changes(sigma, &shift.delta).collect();
        let energy = |places: &[usize]| -> f64 {
            places.iter().map(|&i| f64::from(change[i]).powi(2)).sum()
        };
        let mut places = largest(sigma, &shift.delta);
        let whole = energy(&places);
        if is_embedding(path) {
            report.inexpressible += whole;
            continue;
        }
        if whole == 0.0 {
            continue;
        }
        report.clamped += usize::from(places.len() < rank);
        places.truncate(rank);
        report.layers += 1;
        report.matrices += whole;
        report.kept += energy(&places);
        lora.insert(
            path.to_owned(),
            largest_part(u, vt, &change, &places).await?,
        );
    }
    Ok(lora)
}

/// Σ dᵢ uᵢ vᵢᵀ over `places`, with √|dᵢ| in both halves so that neither is lost in F16.
async fn largest_part(
    u: &Matrix,
    vt: &Matrix,
    change: &[f32],
    places: &[usize],
) -> Result<LoraLayer> {
    let ([c_out, r], fan_in, rank) = (u.dims(), vt.dims()[1], places.len());
    let (u, vt) = (read(u.f32()).await?, read(vt.f32()).await?);
    let mut up = Vec::with_capacity(c_out * rank);
    for row in 0..c_out {
        up.extend(
            places
                .iter()
                .map(|&i| u[row * r + i] * change[i].abs().sqrt().copysign(change[i])),
        );
    }
    let mut down = Vec::with_capacity(rank * fan_in);
    for &i in places {
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

/// CLIP's tables; LoRA formats have names for linear and convolution weights only.
fn is_embedding(path: &str) -> bool {
    path.ends_with("_embedding")
}

fn norm_change(weight: &[f32], shift: &Shift) -> f64 {
    match (shift.kind, &shift.delta[..]) {
        (ShiftKind::NormScalar, [delta]) => {
            let sigma = norm(weight);
            f64::from((sigma + delta).max(0.0) - sigma).powi(2)
        }
        (_, delta) => delta.iter().map(|&d| f64::from(d).powi(2)).sum(),
    }
}

/// A copy of `model` with Σ strength·scale·B A added to its weights, which are stored as they were.
///
/// # Errors
/// `Delta` if a layer is not in the model or has another shape, naming it; `Decomposition` if
/// `model` is being trained.
pub fn apply<M: Layers>(model: &M, loras: &[(&LoraLayers, f32)]) -> Result<M> {
    let mut changed = model.clone();
    add(&mut changed, loras)?;
    Ok(changed)
}

/// Adds Σ strength·scale·B A to the weights of `model`, some of them also if it fails.
fn add<M: Layers>(model: &mut M, loras: &[(&LoraLayers, f32)]) -> Result<()> {
    let mut seen = 0;
    model.visit_mut(&mut |path, layer| {
        let weight = match layer {
            LayerMut::Linear(linear) => &mut linear.weight,
            LayerMut::Conv2d(conv) => &mut conv.weight,
            LayerMut::Norm(_) | LayerMut::Embedding(_) => return Ok(()),
        };
        for &(lora, strength) in loras {
            let Some(part) = lora.get(path) else {
                continue;
            };
            seen += 1;
            let sum = whole(path, weight)?;
            let [c_out, fan_in] = sum.dims();
            if part.up.len() != c_out * part.rank || part.down.len() != part.rank * fan_in {
                return Err(misfit(path));
            }
            if strength != 0.0 {
                let device = sum.device();
                let changed = sum.f32() + product(part, c_out, fan_in, strength, &device);
                *weight = Weight::Full(Matrix::rounded(changed, sum.stored()));
            }
        }
        Ok(())
    })?;
    let expected: usize = loras.iter().map(|(lora, _)| lora.len()).sum();
    if seen == expected {
        return Ok(());
    }
    let mut known = std::collections::BTreeSet::new();
    model.visit_mut(&mut |path, _| {
        known.insert(path.to_owned());
        Ok(())
    })?;
    let missing = loras.iter().flat_map(|(lora, _)| lora.keys());
    let missing = missing.into_iter().find(|path| !known.contains(*path));
    Err(missing.map_or_else(|| other_model("(a norm or embedding)"), |path| misfit(path)))
}

/// strength·scale·B A, `[c_out, fan_in]`.
fn product(
    part: &LoraLayer,
    c_out: usize,
    fan_in: usize,
    strength: f32,
    device: &Device,
) -> Tensor<2> {
    let up = upload(part.up.clone(), [c_out, part.rank], device);
    let down = upload(part.down.clone(), [part.rank, fan_in], device);
    up.matmul(down) * (strength * part.scale)
}

fn misfit(path: &str) -> Error {
    Error::Delta(format!(
        "The LoRA does not fit this base: its layer '{path}' is not there or has another shape. It was made for another model; choose that one."
    ))
}
