//! The plan of a base's memory: what the page is told of it, and what is done by it.

use crate::error::{DoesNotFit, Error, Result};
use crate::plan::{
    Advice, Configs, DeviceClass, Kernels, Limits, Plan, Stored, Verdict, Wish, advise,
};
use crate::recipe;
use crate::spectral::LayerPreset;
use crate::train::{Recompute, TrainSettings};
use crate::worker::protocol::{
    BasePlan, BaseSource, DeviceKind, Event, JobPlan, PlanRequest, PlanVerdict, PlannedItem,
    PlannedPhase, Saving,
};
use crate::worker::serve::device::Chosen;
use crate::worker::serve::page::post;
use crate::worker::serve::session::{Loaded, Session, no_base};

/// More samples in a step are none that anybody trains with.
const MAX_SAMPLES: usize = 64;

/// What is wished for where nobody has said more than the base: one picture of the subject and one
/// of its class in a step, all layers.
pub(crate) fn default_wish(size: Option<usize>) -> Wish {
    let effort = recipe::paper_effort(1);
    Wish {
        pixels: size,
        stored: None,
        samples: effort.batch + effort.prior_batch,
        preset: LayerPreset::default(),
        text_encoder: false,
        built: None,
    }
}

/// A device, as plans see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    kernels: Kernels,
    limits: Limits,
    /// Nobody stated the budget.
    assumed: bool,
}

impl Room {
    /// What `chosen` allows; `memory` are its bytes, if the person states them.
    pub(crate) fn new(chosen: &Chosen, memory: Option<u64>) -> Self {
        let (class, kernels) = match chosen.kind {
            DeviceKind::Gpu => (DeviceClass::Gpu, Kernels::Burns),
            DeviceKind::Cpu => (DeviceClass::BrowserCpu, Kernels::Own),
        };
        let mut limits = Limits::assumed(class);
        if let Some(buffer) = chosen.buffer {
            limits.buffer = buffer;
        }
        // A tab's own memory ends where WebAssembly's addresses do, whatever the machine has.
        let stated = memory.filter(|_| chosen.kind == DeviceKind::Gpu);
        if let Some(memory) = stated {
            limits.budget = memory;
        }
        Self {
            kernels,
            limits,
            assumed: stated.is_none(),
        }
    }

    /// What a base can do here.
    pub(crate) fn advise(&self, configs: &Configs, wish: &Wish) -> Advice {
        advise(configs, wish, self.kernels, self.limits)
    }

    /// Tells the page.
    pub(crate) fn tell(&self, source: BaseSource, advice: &Advice) {
        let plan = BasePlan {
            source,
            own_size: advice.own_pixels,
            size: advice.pixels,
            sizes: advice.sides.clone(),
            budget: self.limits.budget,
            assumed: self.assumed,
            generate: shown(&advice.generate, advice.stored),
            train: shown(&advice.train, advice.stored),
        };
        post(&Event::Planned {
            plan: Box::new(plan),
        });
    }
}

/// The refusal of a base of which no picture can be made here.
pub(crate) fn refusal(advice: &Advice) -> Error {
    let plan = &advice.generate;
    Error::DoesNotFit(DoesNotFit {
        needed: plan.peak(),
        limit: plan.limits().budget,
        reason: match &plan.verdict {
            Verdict::DoesNotFit(reason) => reason.clone(),
            _ => String::new(),
        },
    })
}

impl Session {
    /// Says what a base takes of memory here.
    ///
    /// # Errors
    /// `Settings` before there is a device and for a preset that there is none of; those of reading
    /// config files.
    pub(crate) async fn plan(&mut self, request: PlanRequest) -> Result<()> {
        let chosen = self.chosen.as_ref().ok_or_else(no_base)?;
        self.memory = request.memory;
        let room = Room::new(chosen, request.memory);
        let mut wish = Wish {
            pixels: request.size,
            samples: request.samples.clamp(1, MAX_SAMPLES),
            preset: preset(&request.layers)?,
            text_encoder: request.text_encoder,
            ..default_wish(None)
        };
        let loaded = self.loaded.as_ref();
        let loaded = loaded.filter(|loaded| loaded.source == request.source);
        if let Some(loaded) = loaded {
            let size = loaded.base.picture_size();
            wish.pixels = wish.pixels.or(Some(size));
            wish.stored = Some(loaded.stored);
            wish.built = loaded.lora.as_ref().map(|_| LayerPreset::All);
            room.tell(request.source, &room.advise(&loaded.configs, &wish));
            return Ok(());
        }
        let files = self.bases.unkept(&request.source).await?;
        let configs = Configs::read(&files).await?;
        check_size(&configs, wish.pixels)?;
        room.tell(request.source, &room.advise(&configs, &wish));
        Ok(())
    }

    /// Another size of pictures.
    ///
    /// # Errors
    /// `Settings` before there is a base, and for a size that it cannot make.
    pub(crate) fn set_size(&mut self, size: usize) -> Result<()> {
        let loaded = self.loaded.as_mut().ok_or_else(no_base)?;
        loaded.base.set_picture_size(size)?;
        loaded.baked = None;
        self.learned = None;
        post(&Event::SizeSet { size });
        self.pictures.show_all(size as u32);
        Ok(())
    }

    /// The plan of a run of these settings with the base that is loaded.
    ///
    /// # Errors
    /// `Settings` before there is one.
    pub(crate) fn plan_training(&self, settings: &TrainSettings) -> Result<Plan> {
        let samples = if settings.uses_prior() {
            settings.batch + settings.prior_batch
        } else {
            settings.batch
        };
        let wish = |loaded: &Loaded| Wish {
            samples,
            preset: settings.layers,
            text_encoder: settings.text_encoder,
            ..wish_of(loaded)
        };
        self.plan_of(wish).map(|advice| advice.train)
    }

    /// The plan of pictures with the base that is loaded; `built` are the layers whose weights are
    /// built anew.
    ///
    /// # Errors
    /// `Settings` before there is one.
    pub(crate) fn plan_pictures(&self, built: Option<LayerPreset>) -> Result<Plan> {
        let wish = |loaded: &Loaded| Wish {
            built: built.or_else(|| loaded.lora.as_ref().map(|_| LayerPreset::All)),
            ..wish_of(loaded)
        };
        self.plan_of(wish).map(|advice| advice.generate)
    }

    fn plan_of(&self, wish: impl Fn(&Loaded) -> Wish) -> Result<Advice> {
        let loaded = self.loaded()?;
        let chosen = self.chosen.as_ref().ok_or_else(no_base)?;
        let room = Room::new(chosen, self.memory);
        Ok(room.advise(&loaded.configs, &wish(loaded)))
    }

    /// From now on the autoencoder works in tiles if the plan says so.
    ///
    /// # Errors
    /// `Settings` before there is a base.
    pub(crate) fn tile(&mut self, plan: &Plan) -> Result<()> {
        let loaded = self.loaded.as_mut().ok_or_else(no_base)?;
        loaded.base.vae.set_tiling(plan.as_asked.tile)?;
        match &mut loaded.baked {
            Some((_, baked)) => baked.vae.set_tiling(plan.as_asked.tile),
            None => Ok(()),
        }
    }
}

fn wish_of(loaded: &Loaded) -> Wish {
    Wish {
        stored: Some(loaded.stored),
        ..default_wish(Some(loaded.base.picture_size()))
    }
}

/// A size that a base can make, before anything of it is fetched but its configs.
///
/// # Errors
/// `Settings`.
pub(crate) fn check_size(configs: &Configs, size: Option<usize>) -> Result<()> {
    let step = configs.step();
    let fits = |size: usize| size > 0 && size.is_multiple_of(step) && size <= configs.own_pixels();
    match size {
        Some(size) if !fits(size) => Err(Error::Settings(format!(
            "Pictures of {size} pixels were asked for, but this base makes sides that are a multiple of {step}, up to its own {}.",
            configs.own_pixels()
        ))),
        _ => Ok(()),
    }
}

fn preset(name: &str) -> Result<LayerPreset> {
    serde_json::from_value(name.into()).map_err(|_| {
        Error::Settings(format!(
            "There is no choice of layers called '{name}'. Choose one from the list."
        ))
    })
}

/// A plan, as the page shows it.
fn shown(plan: &Plan, stored: Stored) -> JobPlan {
    let (verdict, reason) = match &plan.verdict {
        Verdict::Fits => (PlanVerdict::Fits, String::new()),
        Verdict::FitsAt(_) => (PlanVerdict::FitsSmaller, String::new()),
        Verdict::DoesNotFit(reason) => (PlanVerdict::DoesNotFit, reason.clone()),
    };
    let savings = [
        (Saving::HalfPrecision, stored == Stored::F16),
        (
            Saving::Recompute,
            plan.strategy.recompute == Recompute::Blocks,
        ),
        (Saving::LetGo, plan.strategy.drop_idle),
        (Saving::Tiles, plan.strategy.tile.is_some()),
    ];
    let savings = savings.into_iter().filter(|(_, taken)| *taken);
    let phases = plan.phases.iter().map(|phase| PlannedPhase {
        name: phase.name.to_owned(),
        items: phase
            .items
            .iter()
            .map(|item| PlannedItem {
                name: item.name.to_owned(),
                bytes: item.bytes,
            })
            .collect(),
    });
    JobPlan {
        verdict,
        size: plan.pixels,
        reason,
        peak: plan.peak(),
        savings: savings.map(|(saving, _)| saving).collect(),
        phases: phases.collect(),
    }
}
