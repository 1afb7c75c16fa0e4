//! The memory plan of a base model on the chosen device.

use crate::config::TrainConfig;
use crate::error::{DoesNotFit, Error, Result};
use crate::plan::{
    Advice, Configs, DeviceClass, Kernels, Limits, Plan, PlanOptions, Stored, Verdict, advise,
};
use crate::spectral::LayerPreset;
use crate::train::Recompute;
use crate::worker::protocol::{
    BasePlan, BaseSource, DeviceKind, JobPlan, PlanVerdict, PlannedItem, PlannedPhase, Saving,
};
use crate::worker::serve::device::ChosenDevice;

/// Samples in a training step at most.
pub(crate) const MAX_SAMPLES: usize = 64;

/// The default options: one picture of the subject and one of its class in a step, all layers.
pub(crate) fn default_options(size: Option<usize>) -> PlanOptions {
    PlanOptions {
        pixels: size,
        stored: None,
        samples: TrainConfig::for_large_model(1).samples_per_step(),
        preset: LayerPreset::default(),
        text_encoder: false,
        baked: None,
    }
}

/// The limits of a device that a memory plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planner {
    kernels: Kernels,
    limits: Limits,
    /// The budget is an estimate.
    assumed: bool,
}

impl Planner {
    /// For this device; `memory` is its memory in bytes, if the person states it.
    pub(crate) fn new(chosen: &ChosenDevice, memory: Option<u64>) -> Self {
        let (class, kernels) = match chosen.kind {
            DeviceKind::Gpu => (DeviceClass::Gpu, Kernels::Burn),
            DeviceKind::Cpu => (DeviceClass::BrowserCpu, Kernels::Custom),
        };
        let mut limits = Limits::assumed(class);
        if let Some(buffer) = chosen.buffer {
            limits.buffer = buffer;
        }
        // On the CPU the limit is WebAssembly's address space, whatever memory the machine has.
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

    /// The memory plans of a model.
    pub(crate) fn advise(&self, configs: &Configs, options: &PlanOptions) -> Advice {
        advise(configs, options, self.kernels, self.limits)
    }

    /// The plan for the page.
    pub(crate) fn plan(&self, source: BaseSource, advice: &Advice) -> BasePlan {
        BasePlan {
            source,
            own_size: advice.native_pixels,
            size: advice.pixels,
            sizes: advice.sides.clone(),
            budget: self.limits.budget,
            assumed: self.assumed,
            generate: shown(&advice.generate, advice.stored),
            train: shown(&advice.train, advice.stored),
        }
    }
}

/// The error for a model that cannot even generate here.
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

/// Checks that a model can make pictures of this size.
///
/// # Errors
/// `Settings`.
pub(crate) fn check_size(configs: &Configs, size: Option<usize>) -> Result<()> {
    let step = configs.step();
    let fits =
        |size: usize| size > 0 && size.is_multiple_of(step) && size <= configs.native_pixels();
    match size {
        Some(size) if !fits(size) => Err(Error::Settings(format!(
            "Pictures of {size} pixels were asked for, but this base makes sides that are a multiple of {step}, up to its own {}.",
            configs.native_pixels()
        ))),
        _ => Ok(()),
    }
}

/// A plan for the page.
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
        (Saving::Offload, plan.strategy.offload),
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
