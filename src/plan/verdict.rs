//! The fastest strategy that fits, and the verdict in words.

use crate::plan::configs::Configs;
use crate::plan::job::{Job, Limits, Strategy, Task};
use crate::plan::phases::{Phase, phases};
use crate::train::Recompute;

/// Side of the autoencoder's tiles, in pixels.
const TILE: usize = 256;
/// Sides of pictures are multiples of this, in pixels.
const STEP: usize = 64;
/// The smallest side, in pixels.
const SMALLEST: usize = 128;

/// The plan of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Side of the pictures: the requested one, or a smaller one if only that fits.
    pub pixels: usize,
    /// How memory is saved at that side.
    pub strategy: Strategy,
    /// Memory of each phase at that side.
    pub phases: Vec<Phase>,
    /// Whether the job fits.
    pub verdict: Verdict,
    /// How memory is saved at the requested side: the strategy above if it fits there, otherwise the
    /// one that saves most.
    pub requested_strategy: Strategy,
    /// Peak memory at the requested side with that strategy, in bytes.
    pub requested_peak: u64,
    limits: Limits,
}

/// Whether a job fits its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fits as requested.
    Fits,
    /// It fits with pictures of this smaller side, in pixels.
    FitsAt(usize),
    /// It fits with no side. The reason, as the end of a sentence.
    DoesNotFit(String),
}

impl Plan {
    /// Peak memory in bytes.
    pub fn peak(&self) -> u64 {
        self.phases.iter().map(Phase::total).max().unwrap_or(0)
    }

    /// The limits that the plan was made for.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The verdict as a sentence for the user.
    pub fn sentence(&self) -> String {
        let most = match self.limits.budget {
            u64::MAX => format!("{} at most", format_bytes(self.peak())),
            budget => format!(
                "{} of {} at most",
                format_bytes(self.peak()),
                format_bytes(budget)
            ),
        };
        match &self.verdict {
            Verdict::Fits => format!("It fits: {most}."),
            Verdict::FitsAt(pixels) => format!("It fits at {pixels} px: {most}."),
            Verdict::DoesNotFit(reason) => format!("It does not fit, because {reason}."),
        }
    }
}

/// Plans a job with the fastest strategy that fits. If none does, the side is reduced until one
/// fits.
pub fn plan(configs: &Configs, job: &Job, limits: Limits) -> Plan {
    let most = |phases: &[Phase]| phases.iter().map(Phase::total).max().unwrap_or(0);
    let requested_strategy = strategies(job, job.pixels).pop().unwrap_or_default();
    let requested_peak = most(&phases(configs, job, job.pixels, requested_strategy));
    let found = |pixels: usize, verdict: Verdict| {
        strategies(job, pixels).into_iter().find_map(|strategy| {
            let phases = phases(configs, job, pixels, strategy);
            let fits = obstacle(&phases, limits).is_none();
            let asked = verdict == Verdict::Fits;
            fits.then(|| Plan {
                pixels,
                strategy,
                verdict: verdict.clone(),
                requested_strategy: if asked { strategy } else { requested_strategy },
                requested_peak: if asked { most(&phases) } else { requested_peak },
                phases,
                limits,
            })
        })
    };
    if let Some(plan) = found(job.pixels, Verdict::Fits) {
        return plan;
    }
    let smaller = sides(configs, job.pixels.saturating_sub(1));
    for pixels in smaller.into_iter().rev() {
        if let Some(plan) = found(pixels, Verdict::FitsAt(pixels)) {
            return plan;
        }
    }
    // Report what does not fit with the strategy that saves most, at the smallest side.
    let pixels = job.pixels.min(SMALLEST);
    let strategy = strategies(job, pixels).pop().unwrap_or_default();
    let phases = phases(configs, job, pixels, strategy);
    let obstacle = obstacle(&phases, limits).unwrap_or_default();
    Plan {
        verdict: Verdict::DoesNotFit(format!("even at {pixels} px {obstacle}")),
        pixels,
        strategy,
        phases,
        requested_strategy,
        requested_peak,
        limits,
    }
}

/// Sides of pictures up to `top`, in ascending order, that the base model supports.
pub(super) fn sides(configs: &Configs, top: usize) -> Vec<usize> {
    let step = configs.step().next_multiple_of(STEP);
    let all = (1..=top / step).map(|n| n * step);
    all.filter(|pixels| *pixels >= SMALLEST).collect()
}

/// All strategies, the fastest first. Recomputation makes a step a third longer; offloading requires
/// the base model to be loaded and decomposed again.
fn strategies(job: &Job, pixels: usize) -> Vec<Strategy> {
    let savings: &[(Recompute, bool)] = match job.task {
        Task::Generate { .. } => &[(Recompute::None, false)],
        Task::Train { .. } => &[
            (Recompute::None, false),
            (Recompute::Blocks, false),
            (Recompute::None, true),
            (Recompute::Blocks, true),
        ],
    };
    let tiles = [None, Some(TILE)];
    let tiles = tiles
        .iter()
        .filter(|tile| tile.is_none_or(|tile| tile < pixels));
    tiles
        .flat_map(|&tile| {
            savings.iter().map(move |&(recompute, offload)| Strategy {
                recompute,
                offload,
                tile,
            })
        })
        .collect()
}

/// Why the phases do not fit, as the end of a sentence; `None` if they fit.
fn obstacle(phases: &[Phase], limits: Limits) -> Option<String> {
    if let Some(phase) = phases.iter().find(|phase| phase.largest > limits.buffer) {
        return Some(format!(
            "a single buffer of {} is needed while {}, and this device takes {} at most",
            format_bytes(phase.largest),
            phase.name,
            format_bytes(limits.buffer),
        ));
    }
    let worst = phases.iter().max_by_key(|phase| phase.total())?;
    if worst.total() <= limits.budget {
        return None;
    }
    let item = worst.items.iter().max_by_key(|item| item.bytes)?;
    Some(format!(
        "{} is needed while {} ({} of it for: {}), and there is {}",
        format_bytes(worst.total()),
        worst.name,
        format_bytes(item.bytes),
        item.name,
        format_bytes(limits.budget),
    ))
}

/// Bytes as kB, MB or GB (powers of ten).
pub fn format_bytes(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => format!("{:.0} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
