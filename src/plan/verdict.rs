//! Which strategy is taken, and what is said of it.

use super::phases::{Phase, phases};
use super::{Configs, Job, Limits, Strategy, Task};
use crate::train::Recompute;

/// Tiles of the autoencoder, where it does not fit whole.
const TILE: usize = 256;
/// Sides of pictures that are tried are multiples of this.
const STEP: usize = 64;
/// The smallest side that is tried.
const SMALLEST: usize = 128;

/// A job's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Side of the pictures that the phases are for: those that were asked for, unless only a
    /// smaller side fits.
    pub pixels: usize,
    /// How memory is saved.
    pub strategy: Strategy,
    /// What is held in each phase.
    pub phases: Vec<Phase>,
    /// Whether it fits.
    pub verdict: Verdict,
    /// How memory is saved at the side that was asked for, whether that fits or not: as above if it
    /// does, otherwise in every way.
    pub requested_strategy: Strategy,
    /// The most bytes that are then held at once.
    pub requested_peak: u64,
    limits: Limits,
}

/// Whether a job fits its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it was asked for.
    Fits,
    /// With pictures of that side.
    FitsAt(usize),
    /// At no side; why, as the end of a sentence.
    DoesNotFit(String),
}

impl Plan {
    /// The most bytes that are held at once.
    pub fn peak(&self) -> u64 {
        self.phases.iter().map(Phase::total).max().unwrap_or(0)
    }

    /// What it was held against.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The verdict for the person.
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

/// Plans `job`: the first strategy that fits, the quickest first; if none does, at the next smaller
/// side.
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
    // The most thrifty strategy at the smallest side says what is in the way.
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

/// Sides of pictures that are worth a try, up to `top`, the smallest first: what the base can halve
/// often enough, and not too small to show anything.
pub(super) fn sides(configs: &Configs, top: usize) -> Vec<usize> {
    let step = configs.step().next_multiple_of(STEP);
    let all = (1..=top / step).map(|n| n * step);
    all.filter(|pixels| *pixels >= SMALLEST).collect()
}

/// All that may be tried, the quickest first: a step with recomputation takes a third longer, while
/// what is let go of must be loaded, and taken apart, once more.
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

/// What keeps the phases from fitting, as the end of a sentence.
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

/// Bytes in the unit that suits them, powers of ten.
pub fn format_bytes(bytes: u64) -> String {
    match bytes {
        ..1_000_000 => format!("{:.0} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
