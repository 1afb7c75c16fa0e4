//! A shift as a tensor of a delta file.
//!
//! | name | shift |
//! |---|---|
//! | `<model>.<path>.delta` | of singular values: `[min(c_out, fan_in)]`, or `[1]` for a scalar norm, as in svdiff-pytorch |
//! | `<model>.<path>.shift` | full-length, of a norm: `[channels]` |
//!
//! `<model>` is `unet` or `text_encoder`.

use crate::error::{Error, Result};
use crate::spectral::delta::MAX_NAME;
use crate::spectral::shift::{Shift, ShiftKind};
use crate::weights::format::safetensors;
use crate::weights::format::safetensors::Dtype;

/// Name and bytes of the tensor of a shift.
///
/// # Errors
/// `Delta`, naming the tensor, if it could not be read back.
pub(super) fn write(
    model: &str,
    path: &str,
    shift: &Shift,
    dtype: Dtype,
) -> Result<(String, Vec<u8>)> {
    let suffix = if shift.kind == ShiftKind::NormFull {
        "shift"
    } else {
        "delta"
    };
    let name = format!("{model}.{path}.{suffix}");
    let bytes = safetensors::from_f32(dtype, &shift.delta).map_err(as_delta)?;
    let (_, read_path, back) = read(&name, dtype, &[shift.delta.len()], &bytes)?;
    if read_path != path || back.kind != shift.kind {
        return Err(invalid(
            &name,
            &format!("a {:?} shift cannot have this name", shift.kind),
        ));
    }
    Ok((name, bytes))
}

/// Model, path and shift of a tensor.
///
/// # Errors
/// `Delta`, naming the tensor, if it violates a rule of the format.
pub(super) fn read<'a>(
    name: &'a str,
    dtype: Dtype,
    shape: &[usize],
    bytes: &[u8],
) -> Result<(&'a str, &'a str, Shift)> {
    let (model, path, kind) = parse_name(name)?;
    let [length] = shape else {
        return Err(invalid(
            name,
            &format!("a shift has one dimension, this has {}", shape.len()),
        ));
    };
    if *length == 0 || (kind == ShiftKind::NormScalar && *length != 1) {
        return Err(invalid(name, &format!("it has {length} numbers")));
    }
    let delta = safetensors::to_f32(dtype, bytes).map_err(as_delta)?;
    match delta.iter().find(|value| !value.is_finite()) {
        None => Ok((model, path, Shift { kind, delta })),
        Some(value) => Err(invalid(
            name,
            &format!("it holds {value}, so the training that made it failed"),
        )),
    }
}

/// Model, path and kind of a tensor's name.
fn parse_name(name: &str) -> Result<(&str, &str, ShiftKind)> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    if name.len() > MAX_NAME || !name.bytes().all(plain) {
        return Err(invalid(
            name,
            "letters, digits, '_' and '.' are possible, at most 256",
        ));
    }
    let models = ["unet", "text_encoder"];
    let model = models.into_iter().find_map(|model| {
        let path = name.strip_prefix(model)?.strip_prefix('.')?;
        let (path, suffix) = path.rsplit_once('.')?;
        (!path.is_empty()).then_some((&name[..model.len()], path, suffix))
    });
    let Some((model, path, suffix)) = model else {
        return Err(invalid(
            name,
            "it must begin with 'unet.' or 'text_encoder.' and a layer's path",
        ));
    };
    let is_norm = path
        .rsplit('.')
        .next()
        .is_some_and(|last| last.contains("norm"));
    let kind = match (suffix, is_norm) {
        ("delta", false) => ShiftKind::Spectral,
        ("delta", true) => ShiftKind::NormScalar,
        ("shift", true) => ShiftKind::NormFull,
        _ => {
            return Err(invalid(
                name,
                "it must end in '.delta', or in '.shift' for a norm",
            ));
        }
    };
    Ok((model, path, kind))
}

/// The error for a tensor that the format does not allow.
pub(super) fn invalid(name: &str, what: &str) -> Error {
    let name: String = name.chars().take(MAX_NAME).collect();
    Error::Delta(format!(
        "The delta's tensor '{name}' is none that this format has: {what}. Ask its author for another."
    ))
}

/// The error of another module as one of the delta.
pub(super) fn as_delta(error: Error) -> Error {
    Error::Delta(format!("The delta cannot be used: {error}"))
}
