//! Begins a run, or goes on with the saved one.

use crate::error::{Error, Result};
use crate::spectral::LayerSelection;
use crate::train::dataset::prepare::warnings;
use crate::train::{Checkpoint, Prepared, Subject, TrainConfig, Trainer};
use crate::worker::protocol::{Task, TrainRun};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::{decompose, decomposed};
use crate::worker::serve::deltas::DeltaStore;
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::model::offload::drop_derived;
use crate::worker::serve::model::plan::plan_training;
use crate::worker::serve::pictures::PictureStore;
use crate::worker::serve::pictures::collages::{picture_ids, run_collages};
use crate::worker::serve::pictures::handlers::set_size;
use crate::worker::serve::runs::checkpoints::RunStore;
use crate::worker::serve::runs::steps::Run;

/// The stores that a run works with.
pub(crate) struct RunStores<'a> {
    pub(crate) model: &'a mut ModelStore,
    pub(crate) pictures: &'a mut PictureStore,
    pub(crate) deltas: &'a mut DeltaStore,
    pub(crate) runs: &'a mut RunStore,
}

/// Trains on the pictures that were added.
///
/// # Errors
/// `Settings`, `Decomposition`, `Device`; `Cancelled` after the delta was posted, if anything was
/// learned.
pub(crate) async fn train(cx: &Context, stores: RunStores<'_>, request: TrainRun) -> Result<()> {
    let RunStores {
        model,
        pictures,
        deltas,
        runs,
    } = stores;
    let (settings, subjects) = prepare(cx, model, pictures, request)?;
    let plan = plan_training(model, &settings)?;
    model.tile(&plan)?;
    model.devices.begin_peak();
    // With little memory the pictures are prepared before the factors are made.
    let factors_first = !plan.requested_strategy.offload;
    let selection = LayerSelection::for_training(settings.layers, settings.train_text_encoder);
    if factors_first {
        decompose(cx, model, &selection).await?;
    } else {
        drop_derived(model);
    }
    cx.begin(Task::Prior);
    runs.slots(cx).await;
    let observer = model.observer(cx, Task::Prior);
    let mut on_prior = async |done: usize, total: usize| observer.step(done, total).await;
    let base = &model.loaded()?.base;
    let prepared = Prepared::new(base, &subjects, settings, &mut on_prior).await;
    let prepared = observer.outcome(prepared)?;
    if !factors_first {
        decompose(cx, model, &selection).await?;
    }
    let mut trainer = trainer(model, prepared)?;
    // The new run's first checkpoint may have fewer steps than the old run's last.
    runs.discard(cx).await;
    runs.save(cx, &mut trainer).await?;
    let run = Run {
        cx,
        model,
        deltas,
        runs,
    };
    run.run(trainer, &plan).await
}

/// Goes on with the saved run.
///
/// # Errors
/// `Checkpoint` if there is none or it does not fit; those of [`train`].
pub(crate) async fn resume(cx: &Context, stores: RunStores<'_>) -> Result<()> {
    let RunStores {
        model,
        pictures,
        deltas,
        runs,
    } = stores;
    runs.slots(cx).await;
    model.loaded()?;
    let Some(bytes) = runs.load(cx).await? else {
        return Err(Error::Checkpoint(
            "There is no run to go on with: it was finished or discarded, perhaps in another tab. Start a new one."
                .into(),
        ));
    };
    let checkpoint = Checkpoint::from_bytes(&bytes)?;
    let base = &model.loaded()?.base;
    checkpoint.check_base(&base.hash)?;
    // The run's pictures may have another size than the current ones.
    let side = checkpoint.latent_shape[1];
    if side != base.latent_size() {
        let size = side * base.picture_size() / base.latent_size();
        set_size(cx, model, pictures, size)?;
    }
    let plan = plan_training(model, &checkpoint.settings)?;
    model.devices.begin_peak();
    let settings = &checkpoint.settings;
    let selection = LayerSelection::for_training(settings.layers, settings.train_text_encoder);
    let prepared = Prepared::resume(&model.loaded()?.base, checkpoint)?;
    decompose(cx, model, &selection).await?;
    let trainer = trainer(model, prepared)?;
    let run = Run {
        cx,
        model,
        deltas,
        runs,
    };
    run.run(trainer, &plan).await
}

/// The validated settings and the subjects' pictures; warns of what will not work well.
fn prepare(
    cx: &Context,
    model: &ModelStore,
    pictures: &mut PictureStore,
    request: TrainRun,
) -> Result<(TrainConfig, Vec<Subject>)> {
    let ids = picture_ids(pictures, &request)?;
    let mut settings = request.config.validated()?;
    settings.own_collages.clear();
    if !request.arranged.is_empty() {
        settings.own_collages = run_collages(&settings, &ids, &request.arranged)?;
    }
    let size = model.picture_size()?;
    let own = model.loaded()?.configs.native_pixels();
    settings.resolution = Some(size as usize).filter(|size| *size != own);
    let mut subjects = Vec::with_capacity(ids.len());
    for ids in &ids {
        let pictures = ids.iter().map(|id| pictures.model_pixels(*id, size));
        let pictures: Vec<Vec<f32>> = pictures.collect::<Result<_>>()?;
        subjects.push(Subject::new(pictures, size as usize)?);
    }
    let counts: Vec<usize> = ids.iter().map(Vec::len).collect();
    for warning in warnings(&settings, &counts, &model.loaded()?.base.tokenizer) {
        cx.warn(warning);
    }
    Ok((settings, subjects))
}

/// The trainer, with the factors of the model's weights.
fn trainer(model: &ModelStore, prepared: Prepared) -> Result<Trainer> {
    Trainer::begin(prepared, &model.loaded()?.base, decomposed(model)?)
}
