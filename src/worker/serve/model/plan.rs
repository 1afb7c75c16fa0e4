//! Memory plans on request, and those of the work that is about to begin.

use crate::config::TrainConfig;
use crate::error::Result;
use crate::plan::{Advice, Configs, Plan, PlanOptions};
use crate::spectral::LayerPreset;
use crate::worker::protocol::{Event, PlanRequest};
use crate::worker::serve::context::Context;
use crate::worker::serve::model::loaded::LoadedModel;
use crate::worker::serve::model::planner::{MAX_SAMPLES, Planner, check_size, default_options};
use crate::worker::serve::model::store::ModelStore;

/// Plans how much memory a model needs.
///
/// # Errors
/// `Settings` before a device was chosen ; those of reading config files.
pub(crate) async fn plan(cx: &Context, model: &mut ModelStore, request: PlanRequest) -> Result<()> {
    let planner = Planner::new(model.device()?, request.memory);
    model.stated_memory = request.memory;
    let mut options = PlanOptions {
        pixels: request.size,
        samples: request.samples.clamp(1, MAX_SAMPLES),
        preset: request.layers,
        text_encoder: request.text_encoder,
        ..default_options(None)
    };
    let loaded = model.loaded.as_ref();
    let loaded = loaded.filter(|loaded| loaded.source == request.source);
    let advice = match loaded {
        Some(loaded) => {
            let size = loaded.base.picture_size();
            options.pixels = options.pixels.or(Some(size));
            options.stored = Some(loaded.stored);
            options.baked = loaded.lora.as_ref().map(|_| LayerPreset::All);
            planner.advise(&loaded.configs, &options)
        }
        None => {
            let files = model.library.config_files(&request.source).await?;
            let configs = Configs::read(&files).await?;
            check_size(&configs, options.pixels)?;
            planner.advise(&configs, &options)
        }
    };
    cx.post(Event::Planned {
        plan: Box::new(planner.plan(request.source, &advice)),
    });
    Ok(())
}

/// The plan of a run of these settings with the loaded model.
///
/// # Errors
/// `Settings` if none is loaded.
pub(crate) fn plan_training(model: &ModelStore, config: &TrainConfig) -> Result<Plan> {
    let options = |loaded: &LoadedModel| PlanOptions {
        samples: config.samples_per_step(),
        preset: config.layers,
        text_encoder: config.train_text_encoder,
        ..options_of(loaded)
    };
    advise(model, options).map(|advice| advice.train)
}

/// The plan of generating with the loaded model; `baked` are the layers whose weights are changed.
///
/// # Errors
/// `Settings` if none is loaded.
pub(crate) fn plan_generating(model: &ModelStore, baked: Option<LayerPreset>) -> Result<Plan> {
    let options = |loaded: &LoadedModel| PlanOptions {
        baked: baked.or_else(|| loaded.lora.as_ref().map(|_| LayerPreset::All)),
        ..options_of(loaded)
    };
    advise(model, options).map(|advice| advice.generate)
}

fn advise(model: &ModelStore, options: impl Fn(&LoadedModel) -> PlanOptions) -> Result<Advice> {
    let loaded = model.loaded()?;
    let planner = Planner::new(model.device()?, model.stated_memory);
    Ok(planner.advise(&loaded.configs, &options(loaded)))
}

fn options_of(loaded: &LoadedModel) -> PlanOptions {
    PlanOptions {
        stored: Some(loaded.stored),
        ..default_options(Some(loaded.base.picture_size()))
    }
}
