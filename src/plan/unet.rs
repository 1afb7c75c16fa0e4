//! Peak memory of a pass through the UNet: forward only, or forward and backward.

use crate::plan::cost::{Pass, StageCost};
use crate::plan::stages::stages;
use crate::train::loss::recompute::{LAST_STAGES, Recompute};

/// Values that the matrix product library keeps per thread: the size of the level 2 cache, assumed
/// to be 2 MiB.
pub const LEVEL_2_CACHE: u64 = 1 << 19;

/// Further values during a product, such as packed blocks (measured: 1.6 to 2.4 MB).
const PRODUCT_BUFFERS: u64 = 1 << 19;

/// Peak memory in F32 values, without weights and factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peaks {
    /// Tensors kept for the backward pass at the end of the forward pass.
    pub(super) kept: u64,
    /// Further tensors at the peak.
    pub(super) temporary: u64,
    /// The largest tensor.
    pub(super) largest: u64,
}

/// A forward pass without a graph.
pub(super) fn forward(pass: &Pass<'_>) -> Peaks {
    let (mut skips, mut waiting) = (Vec::new(), 0_u64);
    let (mut peak, mut waiting_input) = (0, 0);
    let all = stages(pass, false);
    for stage in &all {
        // Count an input that is also a skip connection once; a concatenated one is a copy.
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

/// A forward and a backward pass.
pub(super) fn training(pass: &Pass<'_>, recompute: Recompute) -> Peaks {
    let blocks = recompute == Recompute::Blocks;
    let all = stages(pass, blocks);
    let last = all.len().saturating_sub(LAST_STAGES);
    let graph_kept = |(at, stage): (usize, &StageCost)| !blocks || stage.few_pixels || at >= last;
    // Beside the graphs, the output of each stage is kept as the input of the next one.
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
    // Gradients of skip connections whose source is not reached yet.
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
        // The backward pass of a convolution holds its gradient beside the im2col matrix.
        second = second.max(stage.im2col);
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

/// Buffers that the kernels keep between calls: the largest im2col matrix of one thread, and those of
/// the matrix product library.
fn scratch(stages: &[StageCost]) -> u64 {
    match stages.iter().map(|stage| stage.im2col).max() {
        None | Some(0) => 0,
        Some(im2col) => im2col + LEVEL_2_CACHE + PRODUCT_BUFFERS,
    }
}

/// The largest tensor of all stages.
fn largest(stages: &[StageCost]) -> u64 {
    stages.iter().map(|stage| stage.largest).max().unwrap_or(0)
}
