//! The most that a pass through the UNet holds: forward alone, or forward and back.

use super::stages::{Pass, StageCost, stages};
use crate::train::loss::recompute::{LAST_STAGES, Recompute};

/// Numbers that the library for products of matrices keeps on a thread: as many as the processor's
/// cache of level 2 holds, here a large one's 2 MiB.
pub const LEVEL_2_CACHE: u64 = 1 << 19;

/// Numbers beside it while a product is made, packed blocks among them (measured: 1.6 to 2.4 MB).
const PACKED: u64 = 1 << 19;

/// Peaks in F32 numbers, beside weights and factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peaks {
    /// Kept for the backward pass when the forward pass ends.
    pub(super) kept: u64,
    /// Held beyond that at the worst moment.
    pub(super) temporary: u64,
    /// The largest single tensor.
    pub(super) largest: u64,
}

/// A pass without a graph.
pub(super) fn forward(pass: &Pass<'_>) -> Peaks {
    let (mut skips, mut waiting) = (Vec::new(), 0_u64);
    let (mut peak, mut waiting_input) = (0, 0);
    let all = stages(pass, false);
    for stage in &all {
        // An input that is also a skip is counted once; a joined one is a copy.
        let counted = if stage.takes_skip > 0 {
            0
        } else {
            waiting_input
        };
        peak = peak.max(waiting + stage.forward - counted);
        if stage.takes_skip > 0 {
            waiting -= skips.pop().unwrap_or_default();
        }
        waiting_input = 0;
        if stage.gives_skip {
            skips.push(stage.output);
            waiting += stage.output;
            waiting_input = stage.output;
        }
    }
    Peaks {
        kept: 0,
        temporary: peak + scratch(&all),
        largest: largest(&all),
    }
}

/// A pass with a graph, and its gradients.
pub(super) fn training(pass: &Pass<'_>, recompute: Recompute) -> Peaks {
    let blocks = recompute == Recompute::Blocks;
    let all = stages(pass, blocks);
    let last = all.len().saturating_sub(LAST_STAGES);
    let graph_kept = |(at, stage): (usize, &StageCost)| !blocks || stage.few_pixels || at >= last;
    // Beside the graphs, the stages' outputs are kept as the inputs of those after them.
    let own_graph = |stage: &StageCost| {
        let shared = if blocks { stage.shared_input } else { 0 };
        stage.graph - shared
    };
    let mut live: Vec<u64> = Vec::new();
    let mut sum = 0;
    for (at, stage) in all.iter().enumerate() {
        if blocks && at > 0 {
            sum += all[at - 1].output;
        }
        if graph_kept((at, stage)) {
            sum += own_graph(stage);
        }
        live.push(sum);
    }
    let kept = sum;
    let (mut peak, mut second) = (kept, 0);
    // Gradients of skips whose giver is yet to come.
    let (mut gradients, mut waiting) = (Vec::new(), 0_u64);
    for (at, stage) in all.iter().enumerate().rev() {
        if stage.gives_skip {
            waiting -= gradients.pop().unwrap_or_default();
        }
        if !stage.tracked {
            break;
        }
        let again = if graph_kept((at, stage)) {
            0
        } else {
            own_graph(stage)
        };
        let held = live[at] + again + waiting;
        peak = peak.max(held + stage.gate + second);
        // A convolution's backward pass has its gradient and the columns side by side.
        second = second.max(stage.columns);
        let gone = stage.graph - stage.residual;
        peak = peak.max(held - gone + stage.convolutions + second);
        if stage.takes_skip > 0 {
            gradients.push(stage.takes_skip);
            waiting += stage.takes_skip;
        }
    }
    Peaks {
        kept,
        temporary: peak - kept + scratch(&all),
        largest: largest(&all),
    }
}

/// What is kept from call to call by our own kernels: the largest picture as columns on one thread, and
/// the library's room for the product of two matrices.
fn scratch(stages: &[StageCost]) -> u64 {
    match stages.iter().map(|stage| stage.columns).max() {
        None | Some(0) => 0,
        Some(columns) => columns + LEVEL_2_CACHE + PACKED,
    }
}

fn largest(stages: &[StageCost]) -> u64 {
    stages.iter().map(|stage| stage.largest).max().unwrap_or(0)
}
