//! Offloads a base model while a run does not need it, and loads it again.

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::plan::{Configs, Stored};
use crate::spectral::lora::Lora;
use crate::train::Onlooker;
use crate::weights::Place;
use crate::worker::protocol::{BaseSource, Event, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::model::loaded::LoadedModel;
use crate::worker::serve::model::opened::OpenedModel;
use crate::worker::serve::model::steps::LoadProgress;
use crate::worker::serve::model::store::{ModelStore, not_loaded};

/// An offloaded model: what is needed to load it again, and to make previews without it.
pub(crate) struct Offloaded {
    pub(crate) onlooker: Option<Onlooker>,
    source: BaseSource,
    opened: OpenedModel,
    configs: Configs,
    stored: Stored,
    lora: Option<(Lora, f32)>,
    size: usize,
    hash: String,
}

/// Drops what was made of the model; the model itself stays.
pub(crate) fn drop_derived(model: &mut ModelStore) {
    if let Some(loaded) = &mut model.loaded {
        loaded.learned = None;
        loaded.baked = None;
        loaded.decomposed = None;
        loaded.base.device().memory_cleanup();
    }
}

/// Offloads the model and all that was made of it. A run that has its factors goes on without.
/// `preview` is the prompt of the run's previews, if it has any.
/// [`ModelStore::release_memory`] then releases the memory.
///
/// # Errors
/// `Settings` if no model is loaded.
pub(crate) fn offload(
    cx: &Context,
    model: &mut ModelStore,
    preview: Option<&str>,
) -> Result<Offloaded> {
    let loaded = model.loaded.take().ok_or_else(not_loaded)?;
    let onlooker = preview.and_then(|prompt| Onlooker::new(&loaded.base, prompt));
    if onlooker.is_none() && preview.is_some() {
        cx.warn(
            "There are no previews in this run: to save memory the model is let go of while it learns, and it brings no small autoencoder that could stay.",
        );
    }
    Ok(Offloaded {
        onlooker,
        size: loaded.base.picture_size(),
        hash: loaded.base.hash.clone(),
        source: loaded.source,
        opened: loaded.opened,
        configs: loaded.configs,
        stored: loaded.stored,
        lora: loaded.lora,
    })
}

/// Loads an offloaded model again, from this browser's storage. A failure is reported, but belongs
/// to no request: the run itself is done.
pub(crate) async fn reload(cx: &Context, model: &mut ModelStore, offloaded: Offloaded) {
    let task = cx.task();
    // A cancellation was meant for the run.
    cx.forget_stop();
    cx.begin(Task::Load);
    if let Err(error) = load_again(cx, model, offloaded).await {
        let task = Task::Load;
        cx.post_unrelated(match error {
            Error::Cancelled => Event::Stopped { task },
            error => Event::Failed { task, error },
        });
    }
    cx.begin(task);
}

async fn load_again(cx: &Context, model: &mut ModelStore, offloaded: Offloaded) -> Result<()> {
    let device = model.device()?.device.clone();
    let mut progress = LoadProgress::default();
    let opened = &offloaded.opened;
    let mut base = load_weights(cx, opened, &device, offloaded.stored, &mut progress).await?;
    if base.hash != offloaded.hash {
        return Err(Error::Weights(
            "The model has other weights than before the training. Its files were changed in the meantime; load it again."
                .into(),
        ));
    }
    base.set_picture_size(offloaded.size)?;
    model.loaded = Some(LoadedModel {
        source: offloaded.source,
        base,
        configs: offloaded.configs,
        stored: offloaded.stored,
        lora: offloaded.lora,
        opened: offloaded.opened,
        decomposed: None,
        baked: None,
        learned: None,
    });
    Ok(())
}

/// Loads a model with its weights stored as `stored`; damaged files of this browser's storage are
/// fetched again.
///
/// # Errors
/// Those of [`BaseModel::load`].
pub(crate) async fn load_weights(
    cx: &Context,
    opened: &OpenedModel,
    device: &Device,
    stored: Stored,
    progress: &mut LoadProgress,
) -> Result<BaseModel> {
    let place = Place::new(device, stored);
    let mut show = |news| progress.show(cx, news);
    match opened.load(place.clone(), &mut show).await {
        Err(error) if error != Error::Cancelled && opened.remove_damaged().await => {
            opened.load(place, &mut show).await
        }
        outcome => outcome,
    }
}
