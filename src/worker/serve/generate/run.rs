//! Generates pictures of a prompt, with and without deltas.

use crate::config::GenerateConfig;
use crate::error::{Error, Result};
use crate::generate::generate as sample;
use crate::worker::protocol::{DeltaStrength, Event, GenerateRequest, Pixels, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::deltas::DeltaStore;
use crate::worker::serve::generate::bake::{bake, layers_of};
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::model::plan::plan_generating;
use crate::worker::serve::pictures::handlers::pixels;

/// Strength factors of one request at most.
const MAX_FACTORS: usize = 16;

/// Generates the base model's pictures, the personalised ones, or both.
///
/// # Errors
/// `Settings`, `Delta` if a delta does not fit the model, `Device`, `Cancelled`.
pub(crate) async fn generate(
    cx: &Context,
    model: &mut ModelStore,
    deltas: &DeltaStore,
    request: GenerateRequest,
) -> Result<()> {
    let mut config = request.config.clone();
    config.check()?;
    if let Some(warning) = config.warning() {
        cx.warn(warning.to_owned());
    }
    model.loaded()?;
    let plan = plan_generating(model, layers_of(model, deltas, &request.deltas)?)?;
    model.tile(&plan)?;
    model.devices.begin_peak();
    let batches = batches(&request)?;
    if request.strength_factors.len() > 1 {
        config.num_images_per_prompt = 1;
    }
    let total = batches.iter().map(|(_, batch)| batch.len()).sum();
    let mut index = 0;
    for (personalised, batch) in batches {
        let mut pictures = Vec::new();
        for deltas_of in batch {
            // The base model itself needs no baking, unless a LoRA belongs to it.
            if personalised || model.loaded()?.lora.is_some() {
                bake(cx, model, deltas, &deltas_of).await?;
            }
            let part = Part {
                personalised,
                index,
                total,
            };
            pictures.extend(one_part(cx, model, &config, part).await?);
            index += 1;
        }
        cx.post(Event::Generated {
            id: request.id,
            personalised,
            pictures,
        });
    }
    model.report_memory(cx, Task::Generate, &plan);
    model.release_memory().await
}

/// The deltas of each run of the sampler: the base model's runs, then the personalised ones, one for
/// each strength factor.
type Batches = Vec<(bool, Vec<Vec<DeltaStrength>>)>;

fn batches(request: &GenerateRequest) -> Result<Batches> {
    let personalised = !request.deltas.is_empty();
    let factors = match request.strength_factors.len() {
        0 => &[1.0][..],
        1..=MAX_FACTORS if personalised => &request.strength_factors,
        _ => {
            return Err(Error::Settings(format!(
                "A row of strengths needs an open delta and 1 to {MAX_FACTORS} factors. Open a delta, or ask for fewer."
            )));
        }
    };
    let scaled = |factor: &f32| {
        let deltas = request.deltas.iter().map(|of| DeltaStrength {
            id: of.id.clone(),
            strength: of.strength * factor,
        });
        deltas.collect()
    };
    let mut batches = Vec::new();
    if request.compare || !personalised {
        batches.push((false, vec![Vec::new()]));
    }
    if personalised {
        batches.push((true, factors.iter().map(scaled).collect()));
    }
    Ok(batches)
}

/// One run of the sampler, of several in a request.
#[derive(Clone, Copy)]
struct Part {
    personalised: bool,
    index: usize,
    total: usize,
}

/// Samples with the baked deltas or without them.
async fn one_part(
    cx: &Context,
    model: &ModelStore,
    config: &GenerateConfig,
    part: Part,
) -> Result<Vec<Pixels>> {
    let loaded = model.loaded()?;
    let base = match &loaded.baked {
        Some(baked) if part.personalised || loaded.lora.is_some() => &baked.base,
        _ => &loaded.base,
    };
    let observer = model.observer(cx, Task::Generate);
    let mut on_step = async |done: usize, total: usize| {
        observer
            .step(part.index * total + done, part.total * total)
            .await
    };
    let made = sample(base, &base.unet, config, None, &mut on_step).await;
    let made = observer.outcome(made)?;
    let shown = |index: usize| match config.attend_to.trim() {
        "" => made.picture(index),
        _ => made.attention_picture(index),
    };
    let pictures = (0..config.num_images_per_prompt).map(|index| Ok(pixels(&shown(index)?)));
    pictures.collect()
}
