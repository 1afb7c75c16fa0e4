//! Decomposes the layers of the loaded model that are needed. Factors that were made before come from
//! the browser's storage.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::layer_info::layer_infos;
#[cfg(not(feature = "engine"))]
use crate::spectral::decompose::config::CurrentThread;
use crate::spectral::decompose::config::{DecomposeConfig, FactorStore, NoStore};
use crate::spectral::decompose::summary::DecomposeSummary;
use crate::spectral::{DecomposedBaseModel, LayerSelection};
use crate::weights::Stored;
use crate::worker::protocol::Task;
use crate::worker::serve::context::Context;
#[cfg(feature = "engine")]
use crate::worker::serve::decompose::worker_pool::WorkerPool;
use crate::worker::serve::model::ModelStore;
#[cfg(feature = "engine")]
use crate::worker::serve::model::factors::OWN;
use crate::worker::serve::model::store::not_loaded;

/// Bytes of a model's factors in F32 above which they are stored as F16.
const MAX_F32: u64 = 256 << 20;
/// Millions of multiply-adds for each pass from which workers are started: for less, starting them
/// would take longer than the work.
#[cfg(feature = "engine")]
const POOL_FROM: usize = 5_000;

/// Makes sure that the selected layers are decomposed.
///
/// # Errors
/// `Decomposition`, `Device`, `Cancelled`; what was finished until then is kept.
pub(crate) async fn decompose(
    cx: &Context,
    model: &mut ModelStore,
    selection: &LayerSelection,
) -> Result<()> {
    let loaded = model.loaded_mut()?;
    let mut decomposed = match loaded.decomposed.take() {
        Some(decomposed) => decomposed,
        None => DecomposedBaseModel::empty(&loaded.base, stored(&loaded.base)?)?,
    };
    let outcome = decompose_more(cx, model, &mut decomposed, selection).await;
    model.loaded_mut()?.decomposed = Some(decomposed);
    outcome
}

/// The decomposed layers of the loaded model.
///
/// # Errors
/// `Settings` before [`decompose`].
pub(crate) fn decomposed(model: &ModelStore) -> Result<&DecomposedBaseModel> {
    model.loaded()?.decomposed.as_ref().ok_or_else(not_loaded)
}

async fn decompose_more(
    cx: &Context,
    model: &mut ModelStore,
    decomposed: &mut DecomposedBaseModel,
    selection: &LayerSelection,
) -> Result<()> {
    let Some(work) = decomposed.work(&model.loaded()?.base, selection)? else {
        return Ok(());
    };
    cx.begin(Task::Decompose);
    let summary = with_factors(cx, model, decomposed, selection, work).await?;
    if let Some(why) = summary.store_error {
        cx.warn(why.to_string());
    }
    Ok(())
}

/// Decomposes with the browser's storage of factors, if there is one.
#[cfg(feature = "engine")]
async fn with_factors(
    cx: &Context,
    model: &mut ModelStore,
    decomposed: &mut DecomposedBaseModel,
    selection: &LayerSelection,
    work: usize,
) -> Result<DecomposeSummary> {
    let key = model.key_in_use();
    let cache = model.factors.cache().await;
    let base = &model.loaded()?.base;
    if let Some(cache) = &cache {
        match cache.of(&base.hash, key.as_deref().unwrap_or(OWN)).await {
            Ok(store) => return extend(cx, base, decomposed, selection, work, &store).await,
            Err(why) => cx.warn(why.to_string()),
        }
    }
    extend(cx, base, decomposed, selection, work, &NoStore).await
}

#[cfg(not(feature = "engine"))]
async fn with_factors(
    cx: &Context,
    model: &mut ModelStore,
    decomposed: &mut DecomposedBaseModel,
    selection: &LayerSelection,
    work: usize,
) -> Result<DecomposeSummary> {
    let base = &model.loaded()?.base;
    extend(cx, base, decomposed, selection, work, &NoStore).await
}

/// Ends at once when the request is cancelled, whatever the workers are busy with.
async fn extend<S: FactorStore>(
    cx: &Context,
    base: &BaseModel,
    decomposed: &mut DecomposedBaseModel,
    selection: &LayerSelection,
    work: usize,
    store: &S,
) -> Result<DecomposeSummary> {
    #[cfg(feature = "engine")]
    let decomposer = match work > POOL_FROM {
        true => WorkerPool::start(cx).await,
        false => WorkerPool::empty(cx),
    };
    #[cfg(not(feature = "engine"))]
    let (decomposer, _) = (CurrentThread, work);
    let config = DecomposeConfig {
        decomposer: &decomposer,
        store,
    };
    let progress = async |done, total| {
        cx.progress(Task::Decompose, done, total);
        cx.between().await
    };
    let work = pin!(decomposed.extend(base, selection, config, progress));
    match select(work, pin!(cx.cancelled())).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(Error::Cancelled),
    }
}

/// How the factors of this model are stored: those of a small model in F32, so that its deltas do not
/// depend on the machine; those of a large one in F16.
fn stored(base: &BaseModel) -> Result<Stored> {
    let layers = layer_infos(&base.unet)?;
    let numbers = layers.iter().map(|layer| {
        let [rows, cols] = layer.matrix();
        rows.min(cols) as u64 * (rows + cols) as u64
    });
    Ok(if 4 * numbers.sum::<u64>() > MAX_F32 {
        Stored::F16
    } else {
        Stored::F32
    })
}
