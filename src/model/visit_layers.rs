//! Access to the layers of a model by path.

use crate::error::Result;
use crate::model::clip::ClipTextModel;
use crate::model::layers::Visitor;
use crate::model::unet::UNet2DConditionModel;

/// A model whose layers can be read and replaced one by one.
pub trait VisitLayers: Clone {
    /// Calls the visitor with the path and the weight of every layer, always in the same order.
    ///
    /// # Errors
    /// The first error of the visitor; no further layers are visited.
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()>;
}

impl VisitLayers for UNet2DConditionModel {
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
        Self::visit_mut(self, visitor)
    }
}

impl VisitLayers for ClipTextModel {
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
        Self::visit_mut(self, visitor)
    }
}
