//! Opens delta files.

use crate::error::Result;
use crate::spectral::delta::import;
use crate::spectral::delta::{Delta, DeltaMetadata};
use crate::weights::format::safetensors::Dtype;
use crate::worker::protocol::Origin;
use crate::worker::serve::context::Context;
use crate::worker::serve::deltas::store::DeltaStore;
use crate::worker::serve::model::ModelStore;

/// Opens a delta file beside those that are open.
///
/// # Errors
/// `Delta` if the file is damaged or does not fit the model; `WrongBaseModel` if it was made for
/// another base model and is not to be applied anyway.
pub(crate) fn open_delta(
    cx: &Context,
    model: &ModelStore,
    deltas: &mut DeltaStore,
    (name, file): (&str, Vec<u8>),
    apply_anyway: bool,
) -> Result<()> {
    let loaded = model.loaded()?;
    let (file, delta) = if import::is_foreign(&file) {
        let metadata = DeltaMetadata {
            title: name.trim_end_matches(".safetensors").to_owned(),
            ..DeltaMetadata::default()
        };
        let delta = import::svdiff_pytorch(&[(name, &file)], &loaded.base, metadata)?;
        cx.warn(format!(
            "The file {name} is svdiff-pytorch's. It does not say which base it was trained on, so it is taken to be for this one."
        ));
        // In F32, so that nothing is rounded.
        (delta.to_bytes_as(Dtype::F32)?, delta)
    } else {
        let delta = Delta::from_bytes(&file)?;
        (file, delta)
    };
    if !apply_anyway {
        delta.check_base(&loaded.base.hash)?;
    }
    if let Some(decomposed) = &loaded.decomposed {
        decomposed.unet.check(&delta.unet)?;
        if let Ok(text_encoder) = decomposed.text_encoder() {
            text_encoder.check(&delta.text_encoder)?;
        }
    }
    deltas.add(cx, Origin::Opened, (name, file), delta)?;
    Ok(())
}
