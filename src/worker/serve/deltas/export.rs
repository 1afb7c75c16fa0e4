//! Writes deltas for other programs.

use crate::error::Result;
use crate::spectral::decompose::shapes::layer_shapes;
use crate::spectral::delta::Delta;
use crate::spectral::delta::svdiff_pytorch;
use crate::spectral::delta::svdiff_pytorch::{FullNorms, TEXT_ENCODER_FILE, UNET_FILE};
use crate::spectral::lora::Lora;
use crate::spectral::lora::{diffusers, kohya};
use crate::spectral::{DecomposedBaseModel, DecomposedModel, LayerSelection};
use crate::weights::format::safetensors::Dtype;
use crate::worker::protocol::{Event, ExportFormat, ExportRequest, ExportedFile, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::{decompose, decomposed};
use crate::worker::serve::deltas::store::DeltaStore;
use crate::worker::serve::model::ModelStore;

/// Writes an open delta in another program's format.
///
/// # Errors
/// `Delta` if it is not open, `WrongBaseModel` if it was made for another base model, `Settings` for
/// a rank of 0, `Decomposition`, `Cancelled`.
pub(crate) async fn export(
    cx: &Context,
    model: &mut ModelStore,
    deltas: &DeltaStore,
    request: ExportRequest,
) -> Result<()> {
    let delta = deltas.get(&request.id)?;
    delta.check_base(&model.loaded()?.base.hash)?;
    decompose(cx, model, &LayerSelection::for_deltas(&[delta])).await?;
    cx.begin(Task::Export);
    let exported = match request.format {
        ExportFormat::SvdiffPytorch => svdiff(decomposed(model)?, delta)?,
        ExportFormat::LoraKohya | ExportFormat::LoraDiffusers => {
            lora(model, delta, &request).await?
        }
    };
    cx.post(exported);
    Ok(())
}

/// svdiff-pytorch's files, one for each model that the delta shifts.
fn svdiff(decomposed: &DecomposedBaseModel, delta: &Delta) -> Result<Event> {
    let mut files = Vec::new();
    let mut left_out: f64 = 0.0;
    let mut file = |shifts, base: &DecomposedModel, name: &str| -> Result<()> {
        let (fitted, part) = svdiff_pytorch::fit_norms(shifts, base, FullNorms::Project)?;
        left_out = left_out.max(part);
        files.push(ExportedFile {
            name: name.to_owned(),
            bytes: svdiff_pytorch::write(&fitted)?,
        });
        Ok(())
    };
    if !delta.unet.is_empty() {
        file(&delta.unet, &decomposed.unet, UNET_FILE)?;
    }
    if let (false, Ok(base)) = (delta.text_encoder.is_empty(), decomposed.text_encoder()) {
        file(&delta.text_encoder, base, TEXT_ENCODER_FILE)?;
    }
    Ok(Event::Exported {
        files,
        kept: 1.0,
        left_out,
    })
}

/// A LoRA of the requested rank and format.
async fn lora(model: &ModelStore, delta: &Delta, request: &ExportRequest) -> Result<Event> {
    let (base, decomposed) = (&model.loaded()?.base, decomposed(model)?);
    let text_encoder = decomposed.text_encoder().ok();
    let (lora, report) =
        Lora::from_delta(delta, &decomposed.unet, text_encoder, request.rank).await?;
    let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
    let metadata = kohya::metadata(&delta.metadata, base, &report);
    let (write, program) = match request.format {
        ExportFormat::LoraDiffusers => (diffusers::write as fn(_, _, _, _) -> _, "diffusers"),
        _ => (kohya::write as fn(_, _, _, _) -> _, "kohya"),
    };
    let bytes: Vec<u8> = write(&lora, [&shapes[0], &shapes[1]], &metadata, Dtype::F16)?;
    Ok(Event::Exported {
        files: vec![ExportedFile {
            name: format!("lora-{program}-rank-{}.safetensors", request.rank),
            bytes,
        }],
        kept: report.energy(),
        left_out: report.left_out(),
    })
}
