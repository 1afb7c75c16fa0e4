//! The decompositions of the base's parts, as far as they are needed; what was made before comes from
//! the browser's private file system.

pub(crate) mod factors;
pub(crate) mod worker;
pub(crate) mod worker_pool;

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::layers::{LayerMut, Weight};
use crate::model::unet::layer_shapes::LayerShape;
use crate::spectral::decompose::config::{DecomposeConfig, FactorStore, NoStore, Summary};
use crate::spectral::{DecomposedBaseModel, LayerPreset, LayerSelection, Layers};
use crate::train::checkpoint::slots::Disk;
use crate::weights::Stored;
use crate::worker::protocol::{Preset, Task};
use crate::worker::serve::decompose::factors::OWN;
use crate::worker::serve::decompose::worker_pool::Crew;
use crate::worker::serve::page::{self, warn};
use crate::worker::serve::session::{Session, no_base};

/// Bytes of a base's factors in F32 above which they are stored as F16.
const MAX_F32: u64 = 256 << 20;
/// Millions of multiply-adds for each pass above which workers are started: below, that would take
/// longer than the work.
const CREW_FROM: usize = 5_000;

impl Session {
    /// Makes sure that the layers that are needed are decomposed.
    ///
    /// # Errors
    /// `Decomposition`, `Device`, `Cancelled`; what was finished until then stays.
    pub(crate) async fn decompose(&mut self, selection: &LayerSelection) -> Result<()> {
        let loaded = self.loaded.as_mut().ok_or_else(no_base)?;
        let mut decomposed = match loaded.decomposed.take() {
            Some(decomposed) => decomposed,
            None => DecomposedBaseModel::empty(&loaded.base, stored(&loaded.base)?)?,
        };
        let outcome = self.decompose_more(&mut decomposed, selection).await;
        self.loaded.as_mut().ok_or_else(no_base)?.decomposed = Some(decomposed);
        outcome
    }

    async fn decompose_more(
        &mut self,
        decomposed: &mut DecomposedBaseModel,
        selection: &LayerSelection,
    ) -> Result<()> {
        let Some(work) = decomposed.work(&self.loaded()?.base, selection)? else {
            return Ok(());
        };
        page::begin(Task::Decompose);
        // The one file that held all factors before each layer had its own.
        let old = format!("{}.decomposition", self.loaded()?.base.hash);
        let _ = self.store().await.disk().remove(&old).await;
        let key = self.key_in_use();
        let shelf = self.factors.shelf().await;
        let hash = &self.loaded()?.base.hash;
        let summary = match &shelf {
            Some(shelf) => match shelf.of(hash, key.as_deref().unwrap_or(OWN)).await {
                Ok(store) => self.extend(decomposed, selection, work, &store).await?,
                Err(why) => {
                    warn(why.to_string());
                    self.extend(decomposed, selection, work, &NoStore).await?
                }
            },
            None => self.extend(decomposed, selection, work, &NoStore).await?,
        };
        if let Some(why) = summary.not_kept {
            warn(why.to_string());
        }
        Ok(())
    }

    /// Ends at once when the person cancels, whatever the crew is busy with.
    async fn extend<S: FactorStore>(
        &self,
        decomposed: &mut DecomposedBaseModel,
        selection: &LayerSelection,
        work: usize,
        store: &S,
    ) -> Result<Summary> {
        let crew = if work > CREW_FROM {
            Crew::start().await
        } else {
            Crew::nobody()
        };
        let config = DecomposeConfig {
            decomposer: &crew,
            store,
        };
        let progress = async |done, total| {
            page::progress(Task::Decompose, done, total);
            self.control.between().await
        };
        let base = &self.loaded()?.base;
        let work = pin!(decomposed.extend(base, selection, config, progress));
        match select(work, pin!(self.control.cancelled())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Error::Cancelled),
        }
    }
}

/// How the factors of this base are stored: of a small one as they are made, because its deltas are
/// made for every machine; of a large one in half the room.
fn stored(base: &BaseModel) -> Result<Stored> {
    let layers = shapes(&base.unet)?;
    let numbers = layers.iter().map(|layer| {
        let [rows, cols] = layer.shape;
        rows.min(cols) as u64 * (rows + cols) as u64
    });
    Ok(if 4 * numbers.sum::<u64>() > MAX_F32 {
        Stored::F16
    } else {
        Stored::F32
    })
}

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
