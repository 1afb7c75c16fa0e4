//! The decomposition of a base model, and base models with deltas baked in.

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::spectral::decompose::config::{DecomposeConfig, Decomposer, FactorStore, NoStore};
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::shapes::Component;
use crate::spectral::decompose::summary::DecomposeSummary;
use crate::spectral::delta::Delta;
use crate::spectral::layer_selection::LayerSelection;
use crate::spectral::shift::ShiftSet;
use crate::spectral::shift::preset::LayerPreset;
use crate::weights::Stored;

/// The decomposition of a base model: of its UNet and, if it is trained or shifted, of its text
/// encoder.
#[derive(Clone, Debug)]
pub struct DecomposedBaseModel {
    /// The decomposition of the UNet.
    pub unet: DecomposedModel,
    text_encoder: Option<DecomposedModel>,
}

impl From<DecomposedModel> for DecomposedBaseModel {
    /// A decomposition without the text encoder.
    fn from(unet: DecomposedModel) -> Self {
        Self {
            unet,
            text_encoder: None,
        }
    }
}

impl DecomposedBaseModel {
    /// Creates a decomposition of `base` without any factors. U and V will be stored as `stored`.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::new`].
    pub fn empty(base: &BaseModel, stored: Stored) -> Result<Self> {
        DecomposedModel::new(&base.unet, Component::Unet, &*base.hash, stored).map(Self::from)
    }

    /// Decomposes all layers of the UNet and, with `text_encoder`, of the text encoder, with U and V
    /// in F32; natively on all cores. `progress` as for [`DecomposedModel::extend`], for each model
    /// from 0.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::extend`].
    pub async fn new(
        base: &BaseModel,
        text_encoder: bool,
        progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Self> {
        let mut decomposed = Self::empty(base, Stored::F32)?;
        let selection = LayerSelection::for_training(LayerPreset::All, text_encoder);
        #[cfg(not(target_family = "wasm"))]
        let decomposer = &crate::spectral::decompose::threads::Threads::default();
        #[cfg(target_family = "wasm")]
        let decomposer = &crate::spectral::decompose::config::CurrentThread;
        let config = DecomposeConfig {
            decomposer,
            store: &NoStore,
        };
        decomposed
            .extend(base, &selection, config, progress)
            .await?;
        Ok(decomposed)
    }

    /// A copy with U and V stored as `stored`: [`DecomposedModel::stored_as`].
    pub fn stored_as(&self, stored: Stored) -> Self {
        Self {
            unet: self.unet.stored_as(stored),
            text_encoder: self
                .text_encoder
                .as_ref()
                .map(|text_encoder| text_encoder.stored_as(stored)),
        }
    }

    /// Decomposes the selected layers that have no factors yet; `progress` as for
    /// [`DecomposedModel::extend`], for each model from 0.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::extend`].
    pub async fn extend<D: Decomposer, S: FactorStore>(
        &mut self,
        base: &BaseModel,
        selection: &LayerSelection,
        config: DecomposeConfig<'_, D, S>,
        mut progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<DecomposeSummary> {
        let wanted = |path: &str, form| selection.unet(path, form);
        let unet = self.unet.extend(&base.unet, wanted, config, &mut progress);
        let mut summary = unet.await?;
        if selection.has_text_encoder() {
            let (model, wanted) = (&base.text_encoder, |path: &str, form| {
                selection.text_encoder(path, form)
            });
            let text_encoder = match &mut self.text_encoder {
                Some(text_encoder) => text_encoder,
                none => none.insert(self.unet.sibling(model, Component::TextEncoder)?),
            };
            let more = text_encoder.extend(model, wanted, config, &mut progress);
            summary.add(more.await?);
        }
        Ok(summary)
    }

    /// The cost of decomposing the selected layers that have no factors yet, in the unit of
    /// [`DecomposedModel::work`]; `None` if all have factors.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::work`].
    pub fn work(&self, base: &BaseModel, selection: &LayerSelection) -> Result<Option<usize>> {
        let unet = self
            .unet
            .work(&base.unet, |path, form| selection.unet(path, form))?;
        let wanted = |path: &str, form| selection.text_encoder(path, form);
        let text_encoder = match &self.text_encoder {
            _ if !selection.has_text_encoder() => None,
            Some(decomposed) => decomposed.work(&base.text_encoder, wanted)?,
            None => self
                .unet
                .sibling(&base.text_encoder, Component::TextEncoder)?
                .work(&base.text_encoder, wanted)?,
        };
        Ok(match (unet, text_encoder) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        })
    }

    /// The decomposition of the text encoder.
    ///
    /// # Errors
    /// `Decomposition` if the text encoder was not decomposed.
    pub fn text_encoder(&self) -> Result<&DecomposedModel> {
        self.text_encoder.as_ref().ok_or_else(|| {
            Error::Decomposition(
                "The text encoder is to be shifted, but it was not decomposed. Decompose it first."
                    .into(),
            )
        })
    }

    /// A copy of `base` with σ + Σ strength·δ over all `deltas`, in the UNet and in the text
    /// encoder. Weights that no delta shifts are shared with `base`.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::bake`]; `Decomposition` if a delta shifts the text encoder and it
    /// was not decomposed.
    pub fn bake(&self, base: &BaseModel, deltas: &[(&Delta, f32)]) -> Result<BaseModel> {
        let part = |of: fn(&Delta) -> &ShiftSet| -> Vec<(&ShiftSet, f32)> {
            let sets = deltas
                .iter()
                .map(|(delta, strength)| (of(delta), *strength));
            sets.filter(|(set, _)| !set.is_empty()).collect()
        };
        let (unet, text_encoder) = (part(|delta| &delta.unet), part(|delta| &delta.text_encoder));
        let mut baked = base.clone();
        if !unet.is_empty() {
            baked.unet = self.unet.bake(&base.unet, &unet)?;
        }
        if !text_encoder.is_empty() {
            baked.text_encoder = self
                .text_encoder()?
                .bake(&base.text_encoder, &text_encoder)?;
        }
        Ok(baked)
    }
}
