//! The presets that train layers of a model.

use crate::model::layer_info::LayerInfo;
use crate::spectral::LayerPreset;
use crate::worker::protocol::Preset;

/// The presets of layers, each with the number of shifts that it trains.
pub(crate) fn presets(layers: &[LayerInfo]) -> Vec<Preset> {
    let counted = LayerPreset::ALL.map(|name| Preset {
        name,
        shifts: name.count(layers),
    });
    counted.into()
}
