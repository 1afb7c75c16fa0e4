//! The files of svdiff-pytorch: `spectral_shifts.safetensors` and `spectral_shifts_te.safetensors`.
//!
//! F32, without metadata, one tensor `<path>.delta` per layer: `[min(c_out, fan_in)]` for linear,
//! convolution and embedding weights, `[1]` for norms (added to the singular value of the weight as
//! a 1×C row; files of version 0.1 have no norms). A file does not name its base model.
//!
//! The format has no full-length norm shifts. [`fit_norms`] projects them to scalar ones, omits them
//! or keeps them as `<path>.shift`, which only this program reads.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::model::layer_info::LayerShape;
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::layer_factors::LayerFactors;
use crate::spectral::decompose::shapes::{Component, Shapes};
use crate::spectral::delta::{MAX_FILE, MAX_HEADER, MAX_NAME};
use crate::spectral::shift::bake::norm;
use crate::spectral::shift::{Shift, ShiftKind, ShiftSet};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::{Dtype, Header, from_f32, header_len, to_f32};

/// Name of the UNet's file.
pub const UNET_FILE: &str = "spectral_shifts.safetensors";
/// Name of the text encoder's file.
pub const TEXT_ENCODER_FILE: &str = "spectral_shifts_te.safetensors";

/// How full-length norm shifts are written to a format with scalar ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullNorms {
    /// Return an error that names the other choices.
    #[default]
    Refuse,
    /// Write the scalar shift with the nearest weight: δ = max(⟨w, δ_full⟩ / ‖w‖, −‖w‖).
    Project,
    /// Omit them, as version 0.1 does.
    Omit,
    /// Write them as `<path>.shift`, which only this program reads.
    Keep,
}

/// The model that a file of svdiff-pytorch shifts; `None` if it is another kind of file.
pub fn component(header: &Header) -> Option<Component> {
    let names = || header.tensors.keys();
    if names().len() == 0
        || header.metadata.contains_key("deltabooth.format")
        || !names().all(|name| name.ends_with(".delta") || name.ends_with(".shift"))
    {
        return None;
    }
    Some(if names().all(|name| name.starts_with("text_model.")) {
        Component::TextEncoder
    } else {
        Component::Unet
    })
}

/// Reads a file and checks it against the layers of its model.
///
/// A `.delta` with the length of a norm is a full-length shift, as in the authors' code.
///
/// # Errors
/// `Delta`, naming the tensor, for an invalid safetensors file, a layer that the model does not
/// have, a wrong length, or a value that is not finite.
pub fn read(bytes: &[u8], shapes: &Shapes) -> Result<ShiftSet> {
    let refused = |error: Error| Error::Delta(error.to_string());
    let length = header_len(bytes, bytes.len() as u64).map_err(refused)?;
    if bytes.len() > MAX_FILE || length > MAX_HEADER {
        return Err(Error::Delta(format!(
            "The file has {} bytes, {length} of them in its header; shifts have at most {MAX_FILE} and {MAX_HEADER}. It is something else, or damaged.",
            bytes.len()
        )));
    }
    let header = Header::parse(bytes, bytes.len() as u64).map_err(refused)?;
    if component(&header).is_none() {
        return Err(Error::Delta("This is no file of svdiff-pytorch: its tensors are not all named '<layer>.delta'. Choose spectral_shifts.safetensors or spectral_shifts_te.safetensors.".into()));
    }
    let mut shifts = ShiftSet::new();
    for (name, info) in &header.tensors {
        let Some((path, suffix)) = name.rsplit_once('.') else {
            continue;
        };
        let shape = shapes
            .get(path)
            .ok_or_else(|| wrong(name, "the base has no such layer"))?;
        let [length] = info.shape[..] else {
            return Err(wrong(
                name,
                &format!(
                    "it has the shape {:?}, but one row of numbers was expected",
                    info.shape
                ),
            ));
        };
        let kind = kind(*shape, suffix, length).map_err(|what| wrong(name, &what))?;
        // `Header::parse` checked the offsets against the file's length.
        let at = |offset: u64| (header.data_start + offset) as usize;
        let delta = to_f32(info.dtype, &bytes[at(info.start)..at(info.end)])
            .map_err(|error| wrong(name, &error.to_string()))?;
        if let Some(value) = delta.iter().find(|value| !value.is_finite()) {
            let what = format!("it holds {value}, so the training that made it failed");
            return Err(wrong(name, &what));
        }
        if shifts.insert(path, kind, delta).is_some() {
            return Err(wrong(name, "the layer has two shifts"));
        }
    }
    Ok(shifts)
}

/// Writes a file. Full-length norm shifts are written as `<path>.shift`: see [`fit_norms`].
///
/// # Errors
/// `Delta` if there are no shifts or a value is not finite.
pub fn write(shifts: &ShiftSet) -> Result<Vec<u8>> {
    if shifts.is_empty() {
        return Err(Error::Delta(
            "There are no shifts to write. Choose a delta that shifts this part of the base."
                .into(),
        ));
    }
    let mut tensors = BTreeMap::new();
    for (path, shift) in shifts.iter() {
        let suffix = match shift.kind {
            ShiftKind::NormFull => "shift",
            _ => "delta",
        };
        let name = format!("{path}.{suffix}");
        if shift.delta.iter().any(|value| !value.is_finite()) {
            return Err(wrong(&name, "it holds a number that is not finite"));
        }
        tensors.insert(name, &shift.delta);
    }
    let tensors = tensors
        .into_iter()
        .map(|(name, delta)| {
            let bytes = from_f32(Dtype::F32, delta)?;
            Ok((name, Dtype::F32, vec![delta.len()], bytes))
        })
        .collect::<Result<Vec<_>>>()?;
    safetensors::write(&tensors, &BTreeMap::new())
}

/// Converts full-length norm shifts as `how` says. Returns the shifts and the lost share of the
/// norms' squared change, 0 to 1.
///
/// # Errors
/// `Delta` if there are full-length shifts and `how` is [`FullNorms::Refuse`], or if the shifts do
/// not fit the base model.
pub fn fit_norms(
    shifts: &ShiftSet,
    base: &DecomposedModel,
    how: FullNorms,
) -> Result<(ShiftSet, f64)> {
    base.check(shifts)?;
    let full: Vec<&str> = shifts
        .iter()
        .filter(|(_, shift)| shift.kind == ShiftKind::NormFull)
        .map(|(path, _)| path)
        .collect();
    if full.is_empty() || how == FullNorms::Keep {
        return Ok((shifts.clone(), 0.0));
    }
    if how == FullNorms::Refuse {
        return Err(Error::Delta(format!(
            "This delta shifts every channel of {} norms ('{}', …), but svdiff-pytorch has one number for a norm. Choose what becomes of them: the nearest single number (project), nothing (omit), or a name that only this program reads (keep).",
            full.len(),
            full[0]
        )));
    }
    let (mut fitted, mut lost, mut total) = (shifts.clone(), 0.0, 0.0);
    for (path, layer) in base.layers() {
        let LayerFactors::Norm(weight) = layer else {
            continue;
        };
        let Some(Shift {
            kind: ShiftKind::NormFull,
            delta,
        }) = shifts.get(path)
        else {
            continue;
        };
        let sigma = norm(weight);
        let along = match how {
            FullNorms::Project if sigma > 0.0 => {
                let dot = weight.iter().zip(delta).map(|(w, d)| f64::from(w * d));
                ((dot.sum::<f64>() / f64::from(sigma)) as f32).max(-sigma)
            }
            _ => 0.0,
        };
        for (w, d) in weight.iter().zip(delta) {
            let reached = if sigma > 0.0 { w * along / sigma } else { 0.0 };
            lost += f64::from(d - reached).powi(2);
            total += f64::from(*d).powi(2);
        }
        if how == FullNorms::Project {
            fitted.insert(path, ShiftKind::NormScalar, vec![along]);
        } else {
            fitted.entries.remove(path);
        }
    }
    Ok((fitted, if total > 0.0 { lost / total } else { 0.0 }))
}

/// The kind of shift of a tensor with this suffix and length.
fn kind(shape: LayerShape, suffix: &str, length: usize) -> Result<ShiftKind, String> {
    let rank = shape.rank();
    match (shape, suffix) {
        (LayerShape::Norm { .. }, "delta") if length == 1 => Ok(ShiftKind::NormScalar),
        (LayerShape::Norm { channels }, _) if length == channels => Ok(ShiftKind::NormFull),
        (LayerShape::Norm { channels }, _) => Err(format!(
            "it has {length} numbers, but this norm takes 1 or {channels}"
        )),
        (_, "shift") => Err("only a norm has a '.shift'".into()),
        (_, _) if length == rank => Ok(ShiftKind::Spectral),
        (
            LayerShape::Conv2d {
                c_out,
                c_in,
                kernel_size,
            },
            _,
        ) if length == c_in.min(c_out * kernel_size * kernel_size) => Err(format!(
            "it has {length} numbers where {rank} are needed: the file was made by a program that reshapes convolutions to (c_out·k·k) × c_in, and its shifts belong to other singular vectors"
        )),
        _ => Err(format!(
            "it has {length} numbers, but this layer has {rank} singular values"
        )),
    }
}

fn wrong(name: &str, what: &str) -> Error {
    let name: String = name.chars().take(MAX_NAME).collect();
    Error::Delta(format!(
        "The tensor '{name}' cannot be used: {what}. Nothing was taken; check that the file belongs to this base."
    ))
}
