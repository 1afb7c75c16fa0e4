//! Memory plans on request, and those of the work that is about to begin.

use crate::error::Result;
use crate::plan::{Advice, Configs, Plan, Wish};
use crate::spectral::LayerPreset;
use crate::train::TrainSettings;
use crate::worker::protocol::{Event, PlanRequest};
use crate::worker::serve::context::Context;
use crate::worker::serve::model::loaded::LoadedModel;
use crate::worker::serve::model::planner::{
    MAX_SAMPLES, Planner, check_size, default_wish, preset,
};
use crate::worker::serve::model::store::ModelStore;

/// Plans how much memory a model needs.
///
/// # Errors
/// `Settings` before a device was chosen and for an unknown preset; those of reading config files.
pub(crate) async fn plan(cx: &Context, model: &mut ModelStore, request: PlanRequest) -> Result<()> {
    let planner = Planner::new(model.device()?, request.memory);
    model.stated_memory = request.memory;
    let mut wish = Wish {
        pixels: request.size,
        samples: request.samples.clamp(1, MAX_SAMPLES),
        preset: preset(&request.layers)?,
        text_encoder: request.text_encoder,
        ..default_wish(None)
    };
    let loaded = model.loaded.as_ref();
    let loaded = loaded.filter(|loaded| loaded.source == request.source);
    let advice = match loaded {
        Some(loaded) => {
            let size = loaded.base.picture_size();
            wish.pixels = wish.pixels.or(Some(size));
            wish.stored = Some(loaded.stored);
            wish.built = loaded.lora.as_ref().map(|_| LayerPreset::All);
            planner.advise(&loaded.configs, &wish)
        }
        None => {
            let files = model.library.config_files(&request.source).await?;
            let configs = Configs::read(&files).await?;
            check_size(&configs, wish.pixels)?;
            planner.advise(&configs, &wish)
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
pub(crate) fn plan_training(model: &ModelStore, settings: &TrainSettings) -> Result<Plan> {
    let samples = if settings.uses_prior() {
        settings.batch + settings.prior_batch
    } else {
        settings.batch
    };
    let wish = |loaded: &LoadedModel| Wish {
        samples,
        preset: settings.layers,
        text_encoder: settings.text_encoder,
        ..wish_of(loaded)
    };
    advise(model, wish).map(|advice| advice.train)
}

/// The plan of generating with the loaded model; `built` are the layers whose weights are changed.
///
/// # Errors
/// `Settings` if none is loaded.
pub(crate) fn plan_generating(model: &ModelStore, built: Option<LayerPreset>) -> Result<Plan> {
    let wish = |loaded: &LoadedModel| Wish {
        built: built.or_else(|| loaded.lora.as_ref().map(|_| LayerPreset::All)),
        ..wish_of(loaded)
    };
    advise(model, wish).map(|advice| advice.generate)
}

fn advise(model: &ModelStore, wish: impl Fn(&LoadedModel) -> Wish) -> Result<Advice> {
    let loaded = model.loaded()?;
    let planner = Planner::new(model.device()?, model.stated_memory);
    Ok(planner.advise(&loaded.configs, &wish(loaded)))
}

fn wish_of(loaded: &LoadedModel) -> Wish {
    Wish {
        stored: Some(loaded.stored),
        ..default_wish(Some(loaded.base.picture_size()))
    }
}
