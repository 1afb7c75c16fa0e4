//! Paths and shapes of the layers of a model, against which files are checked.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::layer_info::{LayerShape, layer_infos};
use crate::model::visit_layers::VisitLayers;

/// The network of a base model that a layer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The UNet.
    Unet,
    /// The CLIP text encoder.
    TextEncoder,
}

/// Shapes of layers by path.
pub type Shapes = BTreeMap<String, LayerShape>;

/// The shape of every layer of `model`.
///
/// # Errors
/// None that a caller can cause.
pub fn layer_shapes<M: VisitLayers>(model: &M) -> Result<Shapes> {
    let layers = layer_infos(model)?.into_iter();
    Ok(layers.map(|layer| (layer.path, layer.shape)).collect())
}
