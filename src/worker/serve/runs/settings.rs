//! The run of a checkpoint, as the page shows it.

use crate::train::Checkpoint;
use crate::worker::protocol::UnfinishedRun;

/// The largest whole number that JavaScript represents exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The settings and the progress of an unfinished run; its collages stay in the checkpoint.
pub(crate) fn unfinished_run(checkpoint: &Checkpoint) -> UnfinishedRun {
    let mut config = checkpoint.settings.clone();
    config.seed = config.seed.min(MAX_SAFE_INTEGER);
    config.own_collages.clear();
    UnfinishedRun {
        config,
        step: checkpoint.step,
    }
}
