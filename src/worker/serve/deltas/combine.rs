//! Combines open deltas into one.

use crate::error::Result;
use crate::spectral::LayerSelection;
use crate::spectral::delta::Delta;
use crate::spectral::delta::combine::{Combine, check_rank, limit_rank};
use crate::worker::protocol::{CombineRequest, Combining, Origin, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::{decompose, decomposed};
use crate::worker::serve::deltas::store::DeltaStore;
use crate::worker::serve::model::ModelStore;

/// Combines open deltas and opens the result.
///
/// # Errors
/// `Delta` if they do not go together, `Settings` if their number, a strength or the rank cannot
/// work, `Decomposition`, `Cancelled`.
pub(crate) async fn combine(
    cx: &Context,
    model: &mut ModelStore,
    deltas: &mut DeltaStore,
    request: CombineRequest,
) -> Result<()> {
    let mut parents = Vec::with_capacity(request.deltas.len());
    for of in &request.deltas {
        parents.push((deltas.get(&of.id)?, of.id.clone()));
    }
    let strengths: Vec<f32> = request.deltas.iter().map(|of| of.strength).collect();
    let how = match request.how {
        Combining::Sum => Combine::Sum(strengths),
        Combining::Interpolate => Combine::Interpolate(strengths.first().copied().unwrap_or(1.0)),
        Combining::StyleMix => Combine::StyleMix,
    };
    let mut combined = how.apply(&parents)?;
    if let Some(rank) = request.rank {
        reduce(cx, model, &mut combined, rank).await?;
    }
    combined.metadata.date = cx.now();
    deltas.add_made(cx, Origin::Combined, &combined)?;
    Ok(())
}

/// Reduces each layer to the `rank` shifts that change it most.
async fn reduce(
    cx: &Context,
    model: &mut ModelStore,
    combined: &mut Delta,
    rank: usize,
) -> Result<()> {
    check_rank(combined, rank)?;
    combined.check_base(&model.loaded()?.base.hash)?;
    let selection = LayerSelection::for_deltas(&[combined]);
    decompose(cx, model, &selection).await?;
    cx.begin(Task::Combine);
    let decomposed = decomposed(model)?;
    combined.unet = limit_rank(&combined.unet, &decomposed.unet, rank)?;
    if !combined.text_encoder.is_empty() {
        let text_encoder = decomposed.text_encoder()?;
        combined.text_encoder = limit_rank(&combined.text_encoder, text_encoder, rank)?;
    }
    if let Some(combination) = &mut combined.metadata.combination {
        combination.rank = Some(rank);
    }
    Ok(())
}
