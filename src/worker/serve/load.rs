//! Loads a base model, from its memory plan to its weights on the device.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::layer_info::{LayerInfo, layer_infos};
use crate::plan::{Advice, Configs, PlanOptions};
use crate::spectral::LayerPreset;
use crate::spectral::lora::Lora;
use crate::spectral::lora::file;
use crate::weights::catalogue::LoraEntry;
use crate::worker::protocol::{BaseSource, DeviceChoice, DeviceKind, Event};
use crate::worker::serve::context::{Context, UserFiles};
use crate::worker::serve::decompose::layers::presets;
use crate::worker::serve::device::ChosenDevice;
use crate::worker::serve::model::loaded::LoadedModel;
use crate::worker::serve::model::offload::load_weights;
use crate::worker::serve::model::planner::{Planner, check_size, default_options, refusal};
use crate::worker::serve::model::steps::LoadProgress;
use crate::worker::serve::model::timing::time_forward;
use crate::worker::serve::model::{ModelStore, OpenedModel};
use crate::worker::serve::pictures::handlers::show_all;
use crate::worker::serve::runs::settings::unfinished_run as run_of;
use crate::worker::serve::stores::Stores;

/// The options of [`Request::Load`](crate::worker::protocol::Request::Load).
pub(crate) struct LoadOptions {
    pub(crate) source: BaseSource,
    pub(crate) device: DeviceChoice,
    /// Pixels a side; the memory plan decides if it is left out.
    pub(crate) size: Option<usize>,
    /// Bytes of memory that the device has, if the person states them.
    pub(crate) memory: Option<u64>,
    /// Loads a model that does not fit, too.
    pub(crate) anyway: bool,
}

/// Chooses the device, plans, and loads a model.
///
/// # Errors
/// `DoesNotFit` before anything but configs is fetched, unless the options say `anyway`; `Settings`,
/// `Device`, `Cancelled`; those of [`BaseModel::load`].
pub(crate) async fn load(
    cx: &Rc<Context>,
    stores: &mut Stores,
    options: LoadOptions,
    files: UserFiles,
) -> Result<()> {
    let model = &mut stores.model;
    model.stated_memory = options.memory;
    let device = choose_device(cx, model, options.device).await?;
    let old_hash = model.loaded.as_ref().map(|loaded| loaded.base.hash.clone());
    let opened = model.library.open(&options.source, files, cx).await?;
    let configs = read_configs(&opened).await?;
    check_size(&configs, options.size)?;
    let lora = model.library.lora(&options.source).await?;
    let advice = plan(cx, &device, &options, &configs, lora.is_some());
    if !options.anyway && !advice.can_generate() {
        return Err(refusal(&advice));
    }
    // The old model is dropped first: two at once may not fit.
    model.loaded = None;
    let mut progress = LoadProgress::default();
    let mut base = load_weights(cx, &opened, &device.device, advice.stored, &mut progress).await?;
    if advice.pixels != base.picture_size() {
        base.set_picture_size(advice.pixels)?;
    }
    let lora = read_lora(&opened, &base, lora).await?;
    if let Err(why) = opened.mark_complete().await {
        cx.warn(why.to_string());
    }
    if old_hash.is_some_and(|hash| hash != base.hash) {
        stores.deltas.close_all(cx);
    }
    let size = base.picture_size();
    let loaded = describe(cx, stores, &base, device.kind).await?;
    cx.post(loaded);
    show_all(cx, &mut stores.pictures, size as u32);
    stores.model.loaded = Some(LoadedModel {
        source: options.source,
        base,
        configs,
        stored: advice.stored,
        lora,
        opened,
        decomposed: None,
        baked: None,
        learned: None,
    });
    Ok(())
}

async fn choose_device(
    cx: &Context,
    model: &mut ModelStore,
    choice: DeviceChoice,
) -> Result<ChosenDevice> {
    let chosen = model.devices.choose(choice).await?;
    cx.set_gpu(chosen.kind == DeviceKind::Gpu);
    cx.post(Event::Device {
        kind: chosen.kind,
        name: chosen.name.clone(),
        reason: chosen.reason.clone(),
    });
    model.device = Some(chosen.clone());
    Ok(chosen)
}

/// The configs; damaged ones of this browser's storage are fetched again.
async fn read_configs(opened: &OpenedModel) -> Result<Configs> {
    match opened.configs().await {
        Err(error) if error != Error::Cancelled && opened.remove_damaged().await => {
            opened.configs().await
        }
        outcome => outcome,
    }
}

/// Makes the memory plan and tells the page.
fn plan(
    cx: &Context,
    device: &ChosenDevice,
    options: &LoadOptions,
    configs: &Configs,
    has_lora: bool,
) -> Advice {
    let planner = Planner::new(device, options.memory);
    let planned = PlanOptions {
        baked: has_lora.then_some(LayerPreset::All),
        ..default_options(options.size)
    };
    let advice = planner.advise(configs, &planned);
    cx.post(Event::Planned {
        plan: Box::new(planner.plan(options.source.clone(), &advice)),
    });
    advice
}

async fn read_lora(
    opened: &OpenedModel,
    base: &BaseModel,
    entry: Option<LoraEntry>,
) -> Result<Option<(Lora, f32)>> {
    let Some(entry) = entry else {
        return Ok(None);
    };
    let limit = file::MAX_FILE as u64;
    let file = opened.files().read(&entry.path, limit).await?;
    Ok(Some((Lora::read(&file, base)?, entry.strength)))
}

/// What the page is told of a loaded model.
async fn describe(
    cx: &Context,
    stores: &mut Stores,
    base: &BaseModel,
    device: DeviceKind,
) -> Result<Event> {
    let unfinished_run = stores.runs.unfinished(cx, &base.hash).await;
    let text_encoder = layer_infos(&base.text_encoder)?;
    // A GPU would compile its shaders first, so its time would say nothing.
    let forward_seconds = match device {
        DeviceKind::Cpu => time_forward(base).await?,
        DeviceKind::Gpu => 0.0,
    };
    Ok(Event::Loaded {
        base: base.id.clone(),
        hash: base.hash.clone(),
        size: base.picture_size(),
        presets: presets(&layer_infos(&base.unet)?),
        text_encoder: text_encoder.iter().map(LayerInfo::shifts).sum(),
        forward_seconds,
        unfinished_run: unfinished_run.map(|checkpoint| Box::new(run_of(&checkpoint))),
    })
}
