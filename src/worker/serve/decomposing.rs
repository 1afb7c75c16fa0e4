//! The decompositions of the base's parts: the UNet's from the store where it was made before.

use super::post;
use super::session::{Session, no_base};
use crate::error::Result;
use crate::model::layers::{LayerMut, Weight};
use crate::model::unet::layer_shapes::LayerShape;
use crate::spectral::{LayerBase, LayerPreset, Layers, SpectralBase};
use crate::worker::protocol::{Preset, Task};
use crate::worker::slots::Disk;

/// Larger decompositions are not stored: writing one would hold it in memory three times.
const MAX_CACHE: usize = 256 << 20;

impl Session {
    /// Makes sure that the UNet is decomposed and, if asked for, the text encoder.
    ///
    /// # Errors
    /// `Decomposition`, `Device`, `Cancelled`.
    pub(super) async fn decompose(&mut self, text_encoder: bool) -> Result<()> {
        let there = self.loaded()?.decomposed.as_ref();
        if there.is_some_and(|there| !text_encoder || there.text_encoder().is_ok()) {
            return Ok(());
        }
        post::begin(Task::Decompose);
        if self.loaded()?.decomposed.is_none() {
            let unet = self.decompose_unet().await?;
            self.loaded.as_mut().ok_or_else(no_base)?.decomposed = Some(unet.into());
        }
        let control = self.control.clone();
        let loaded = self.loaded.as_mut().ok_or_else(no_base)?;
        if let Some(decomposed) = &mut loaded.decomposed
            && text_encoder
        {
            let progress = async |done, total| {
                post::progress(Task::Decompose, done, total);
                control.between().await
            };
            decomposed.add_text_encoder(&loaded.base, progress).await?;
        }
        Ok(())
    }

    async fn decompose_unet(&mut self) -> Result<SpectralBase> {
        let store = self.store().await;
        let base = &self.loaded()?.base;
        let name = format!("{}.decomposition", base.hash);
        // A file that cannot be read or is damaged is made again.
        let stored = store.disk().read(&name).await.ok().flatten();
        let stored = stored
            .and_then(|bytes| SpectralBase::from_bytes(&bytes, &base.hash, base.device()).ok());
        if let Some(stored) = stored {
            post::progress(Task::Decompose, 1, 1);
            return Ok(stored);
        }
        let unet = SpectralBase::decompose(&base.unet, &*base.hash, async |done, total| {
            post::progress(Task::Decompose, done, total);
            self.control.between().await
        })
        .await?;
        if bytes(&unet) <= MAX_CACHE {
            // Only time is lost without it, so a full disk is nobody's worry here.
            let file = unet.to_bytes().await?;
            let _ = store.disk().write(&name, &file).await;
        }
        Ok(unet)
    }
}

fn bytes(spectral: &SpectralBase) -> usize {
    let numbers = spectral.layers().map(|(_, layer)| match layer {
        LayerBase::Norm(weight) => weight.len(),
        LayerBase::Matrix { u, sigma, vt } => {
            let (u, vt) = (u.dims(), vt.dims());
            sigma.len() + u[0] * u[1] + vt[0] * vt[1]
        }
    });
    numbers.sum::<usize>().saturating_mul(4)
}

/// The presets of layers, each with the number of shifts that it trains.
pub(super) fn presets(layers: &[LayerShape]) -> Vec<Preset> {
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
pub(super) fn shapes<M: Layers>(model: &M) -> Result<Vec<LayerShape>> {
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
