//! Tensors of a LoRA file: their names and shapes in kohya's and in PEFT's format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::model::layer_info::LayerShape;
use crate::spectral::decompose::shapes::{Component, Shapes};
use crate::spectral::delta::MAX_NAME;
use crate::spectral::lora::layers::LoraLayer;
use crate::weights::format::safetensors::Dtype;

/// What a tensor is in its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TensorRole {
    /// A.
    Down,
    /// B.
    Up,
    /// scale · r.
    Alpha,
}

/// The parsed name of a tensor.
#[derive(Debug)]
pub(crate) struct TensorName<'a> {
    /// `None` if the name does not tell: the UNet, if it has such a layer.
    pub(crate) component: Option<Component>,
    /// The layer's path; it may contain '_' in place of '.'.
    pub(crate) path: Cow<'a, str>,
    pub(crate) role: TensorRole,
}

/// Tensors of a file by name.
pub(crate) type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The tensors as a list sorted by name, as `safetensors::write` takes them.
pub(crate) fn sorted(tensors: Tensors) -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)> {
    tensors
        .into_iter()
        .map(|(name, (dtype, shape, bytes))| (name, dtype, shape, bytes))
        .collect()
}

/// A path with '_' in place of '.': `down_blocks.0.resnets.1` becomes `down_blocks_0_resnets_1`.
pub(crate) fn flat(path: &str) -> String {
    path.replace('.', "_")
}

/// A and B of a layer with their shapes in a file.
///
/// # Errors
/// `Delta` if the model has no such layer.
pub(crate) fn matrices<'a>(
    path: &str,
    layer: &'a LoraLayer,
    shapes: &Shapes,
) -> Result<[(&'a [f32], Vec<usize>); 2]> {
    let rank = layer.rank;
    let [down, up] = match shapes.get(path) {
        Some(&LayerShape::Linear { c_out, c_in }) => [vec![rank, c_in], vec![c_out, rank]],
        Some(&LayerShape::Conv2d {
            c_out,
            c_in,
            kernel_size: k,
        }) => [vec![rank, c_in, k, k], vec![c_out, rank, 1, 1]],
        _ => return Err(wrong(path, "this base has no such layer")),
    };
    Ok([(&layer.down, down), (&layer.up, up)])
}

/// The error for a tensor or layer of a LoRA.
pub(crate) fn wrong(name: &str, what: &str) -> Error {
    let name: String = name.chars().take(MAX_NAME).collect();
    Error::Delta(format!(
        "The LoRA cannot be used, because of '{name}': {what}."
    ))
}
