//! The memory plan of a base model on the chosen device.

use crate::error::{DoesNotFit, Error, Result};
use crate::plan::{
    Advice, Configs, DeviceClass, Kernels, Limits, Plan, Stored, Verdict, Wish, advise,
};
use crate::recipe;
use crate::spectral::LayerPreset;
use crate::train::Recompute;
use crate::worker::protocol::{
    BasePlan, BaseSource, DeviceKind, JobPlan, PlanVerdict, PlannedItem, PlannedPhase, Saving,
};
use crate::worker::serve::device::ChosenDevice;

/// More samples in a step are none that anybody trains with.
pub(crate) const MAX_SAMPLES: usize = 64;

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

/// The limits of a device that a memory plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planner {
    kernels: Kernels,
    limits: Limits,
    /// Nobody stated the budget.
    assumed: bool,
}

impl Planner {
    /// What `chosen` allows; `memory` are its bytes, if the person states them.
    pub(crate) fn new(chosen: &ChosenDevice, memory: Option<u64>) -> Self {
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

    /// The plan for the page.
    pub(crate) fn plan(&self, source: BaseSource, advice: &Advice) -> BasePlan {
        BasePlan {
            source,
            own_size: advice.own_pixels,
            size: advice.pixels,
            sizes: advice.sides.clone(),
            budget: self.limits.budget,
            assumed: self.assumed,
            generate: shown(&advice.generate, advice.stored),
            train: shown(&advice.train, advice.stored),
        }
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

pub(crate) fn preset(name: &str) -> Result<LayerPreset> {
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
