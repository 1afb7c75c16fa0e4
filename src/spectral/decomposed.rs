//! The decompositions of a base's parts, and the base with deltas baked in.

use super::base::SpectralBase;
use super::delta::Delta;
use super::shift::ShiftSet;
use crate::error::{Error, Result};
use crate::model::base::Base;
use crate::weights::Stored;

/// The UNet's decomposition and, where something trains or shifts it, the text encoder's.
#[derive(Clone, Debug)]
pub struct Decomposed {
    /// The UNet's.
    pub unet: SpectralBase,
    text_encoder: Option<SpectralBase>,
}

impl From<SpectralBase> for Decomposed {
    /// The UNet's alone.
    fn from(unet: SpectralBase) -> Self {
        Self {
            unet,
            text_encoder: None,
        }
    }
}

impl Decomposed {
    /// Decomposes the UNet and, if asked for, the text encoder; `progress` as for
    /// [`SpectralBase::decompose`], once for each.
    ///
    /// # Errors
    /// Those of [`SpectralBase::decompose`].
    pub async fn new(
        base: &Base,
        text_encoder: bool,
        mut progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Self> {
        let unet = SpectralBase::decompose(&base.unet, &*base.hash, &mut progress).await?;
        let mut decomposed = Self::from(unet);
        if text_encoder {
            decomposed.add_text_encoder(base, progress).await?;
        }
        Ok(decomposed)
    }

    /// The same with U and V stored so: [`SpectralBase::stored_as`].
    pub fn stored_as(&self, stored: Stored) -> Self {
        Self {
            unet: self.unet.stored_as(stored),
            text_encoder: self
                .text_encoder
                .as_ref()
                .map(|text_encoder| text_encoder.stored_as(stored)),
        }
    }

    /// Decomposes the text encoder too, unless that was done.
    ///
    /// # Errors
    /// Those of [`SpectralBase::decompose`].
    pub async fn add_text_encoder(
        &mut self,
        base: &Base,
        progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<()> {
        if self.text_encoder.is_none() {
            let decomposed = SpectralBase::decompose(&base.text_encoder, &*base.hash, progress);
            self.text_encoder = Some(decomposed.await?);
        }
        Ok(())
    }

    /// The text encoder's decomposition.
    ///
    /// # Errors
    /// `Decomposition` if it was not made.
    pub fn text_encoder(&self) -> Result<&SpectralBase> {
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
    /// Those of [`SpectralBase::bake`]; `Decomposition` if a delta shifts the text encoder and that
    /// was not decomposed.
    pub fn bake(&self, base: &Base, deltas: &[(&Delta, f32)]) -> Result<Base> {
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
