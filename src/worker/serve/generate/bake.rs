//! Bakes deltas into the model's weights.

use crate::error::Result;
use crate::model::layer_info::unet::unet_layers;
use crate::spectral::delta::Delta;
use crate::spectral::{LayerPreset, LayerSelection, lora};
use crate::worker::protocol::{DeltaStrength, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::{decompose, decomposed};
use crate::worker::serve::deltas::DeltaStore;
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::model::loaded::BakedModel;

/// Bakes the sum of deltas, and the model's own LoRA, into a copy of the model, unless the last one
/// is the same. Without deltas and LoRA there is no copy.
///
/// # Errors
/// `Delta` if a delta is not open or does not fit; `Decomposition`, `Device`, `Cancelled`.
pub(crate) async fn bake(
    cx: &Context,
    model: &mut ModelStore,
    deltas: &DeltaStore,
    wanted: &[DeltaStrength],
) -> Result<()> {
    let wanted: Vec<&DeltaStrength> = wanted.iter().filter(|of| of.strength != 0.0).collect();
    let key: Vec<_> = wanted
        .iter()
        .map(|of| (of.id.clone(), of.strength.to_bits()))
        .collect();
    let loaded = model.loaded_mut()?;
    if loaded.baked.as_ref().is_some_and(|baked| baked.key == key) {
        return Ok(());
    }
    loaded.baked = None;
    let mut base = None;
    if !wanted.is_empty() {
        let wanted = deltas.get_all(&wanted)?;
        let shifted: Vec<&Delta> = wanted.iter().map(|(delta, _)| *delta).collect();
        decompose(cx, model, &LayerSelection::for_deltas(&shifted)).await?;
        cx.begin(Task::Generate);
        base = Some(decomposed(model)?.bake(&model.loaded()?.base, &wanted)?);
    }
    let loaded = model.loaded_mut()?;
    if let Some((lora, strength)) = &loaded.lora {
        let under = base.unwrap_or_else(|| loaded.base.clone());
        base = Some(lora::add_to(under, &[(lora, *strength)])?);
    }
    loaded.baked = base.map(|base| BakedModel { key, base });
    Ok(())
}

/// The smallest preset of layers that these deltas change, for the memory plan.
///
/// # Errors
/// `Delta` if one of them is not open; `Settings` if no model is loaded.
pub(crate) fn layers_of(
    model: &ModelStore,
    deltas: &DeltaStore,
    wanted: &[DeltaStrength],
) -> Result<Option<LayerPreset>> {
    let wanted: Vec<&DeltaStrength> = wanted.iter().collect();
    let deltas = deltas.get_all(&wanted)?;
    let shifts = deltas.iter().flat_map(|(delta, _)| delta.unet.iter());
    let layers = unet_layers(&model.loaded()?.configs.unet);
    Ok(LayerPreset::least(shifts.map(|(path, _)| path), &layers))
}
