//! The layers of a model and the presets that train them.

use crate::error::Result;
use crate::model::layers::{LayerMut, Weight};
use crate::model::unet::layer_shapes::LayerShape;
use crate::spectral::{LayerPreset, Layers};
use crate::worker::protocol::Preset;

/// The presets of layers, each with the number of shifts that it trains.
pub(crate) fn presets(layers: &[LayerShape]) -> Vec<Preset> {
    let named = LayerPreset::ALL.into_iter().filter_map(|preset| {
        let name = serde_json::to_value(preset).ok()?;
        Some((name.as_str()?.to_owned(), preset.count(layers)))
    });
    named
        .map(|(name, shifts)| Preset { name, shifts })
        .collect()
}

/// Path, form and shape of every layer of a model whose weights are whole.
///
/// # Errors
/// The visit's.
pub(crate) fn shapes<M: Layers>(model: &M) -> Result<Vec<LayerShape>> {
    let mut shapes = Vec::new();
    model.clone().visit_mut(&mut |path, layer| {
        let form = layer.form();
        let of = |weight: &Weight| match weight {
            Weight::Full(matrix) => matrix.dims(),
            Weight::Factored { u, vt, .. } => [u.dims()[0], vt.dims()[1]],
        };
        let shape = match layer {
            LayerMut::Linear(linear) => of(&linear.weight),
            LayerMut::Conv2d(conv) => of(&conv.weight),
            LayerMut::Embedding(table) => table.dims(),
            LayerMut::Norm(weight) => [1, weight.dims()[0]],
        };
        shapes.push(LayerShape {
            path: path.to_owned(),
            form,
            shape,
        });
        Ok(())
    })?;
    Ok(shapes)
}
