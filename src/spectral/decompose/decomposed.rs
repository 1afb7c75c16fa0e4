//! The decompositions of a base's parts, and the base with deltas baked in.

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::spectral::decompose::config::{
    DecomposeConfig, Decomposer, FactorStore, NoStore, Summary,
};
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::layer_selection::LayerSelection;
use crate::spectral::decompose::shapes::Component;
use crate::spectral::delta::Delta;
use crate::spectral::shift::ShiftSet;
use crate::spectral::shift::preset::LayerPreset;
use crate::weights::Stored;

/// The UNet's decomposition and, where something trains or shifts it, the text encoder's.
#[derive(Clone, Debug)]
pub struct DecomposedBaseModel {
    /// The UNet's.
    pub unet: DecomposedModel,
    text_encoder: Option<DecomposedModel>,
}

impl From<DecomposedModel> for DecomposedBaseModel {
    /// The UNet's alone.
    fn from(unet: DecomposedModel) -> Self {
        Self {
            unet,
            text_encoder: None,
        }
    }
}

impl DecomposedBaseModel {
    /// Nothing of `base` is decomposed yet.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::new`].
    pub fn empty(base: &BaseModel, stored: Stored) -> Result<Self> {
        DecomposedModel::new(&base.unet, Component::Unet, &*base.hash, stored).map(Self::from)
    }

    /// Decomposes the whole UNet and, if asked for, the text encoder, over the machine's cores
    /// where there are threads; `progress` as for [`DecomposedModel::extend`], once for each.
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

    /// The same with U and V stored so: [`DecomposedModel::stored_as`].
    pub fn stored_as(&self, stored: Stored) -> Self {
        Self {
            unet: self.unet.stored_as(stored),
            text_encoder: self
                .text_encoder
                .as_ref()
                .map(|text_encoder| text_encoder.stored_as(stored)),
        }
    }

    /// Decomposes those layers that are needed and not there yet; `progress` as for
    /// [`DecomposedModel::extend`], once for each part.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::extend`].
    pub async fn extend<D: Decomposer, S: FactorStore>(
        &mut self,
        base: &BaseModel,
        selection: &LayerSelection,
        config: DecomposeConfig<'_, D, S>,
        mut progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Summary> {
        let wanted = |path: &str, form| selection.unet(path, form);
        let unet = self.unet.extend(&base.unet, wanted, config, &mut progress);
        let mut summary = unet.await?;
        if selection.has_text_encoder() {
            let (model, wanted) = (&base.text_encoder, |path: &str, form| {
                selection.text_encoder(path, form)
            });
            let text_encoder = match &mut self.text_encoder {
                Some(text_encoder) => text_encoder,
                none => none.insert(self.unet.like(model, Component::TextEncoder)?),
            };
            let more = text_encoder.extend(model, wanted, config, &mut progress);
            summary.add(more.await?);
        }
        Ok(summary)
    }

    /// What decomposing the needed layers takes, as [`DecomposedModel::work`] counts it; `None` if
    /// they are all there.
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
            Some(there) => there.work(&base.text_encoder, wanted)?,
            None => self
                .unet
                .like(&base.text_encoder, Component::TextEncoder)?
                .work(&base.text_encoder, wanted)?,
        };
        Ok(match (unet, text_encoder) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        })
    }

    /// The text encoder's decomposition.
    ///
    /// # Errors
    /// `Decomposition` if it was not made.
    pub fn text_encoder(&self) -> Result<&DecomposedModel> {
        self.text_encoder.as_ref().ok_or_else(|| {
            Error::Decomposition(
                "The text encoder is to be shifted, but it was not decomposed. Decompose it first."
                    .into(),
            )
        })
    }

    /// `base` with σ + Σ strength·δ over all `deltas`, in the UNet and in the text encoder; parts
    /// that no delta shifts are the base's own.
    ///
    /// # Errors
    /// Those of [`DecomposedModel::bake`]; `Decomposition` if a delta shifts the text encoder and that
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
