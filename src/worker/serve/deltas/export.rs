//! Deltas for other programs.

use crate::error::{Error, Result};
use crate::spectral::decompose::shapes::layer_shapes;
use crate::spectral::delta::svdiff_pytorch;
use crate::spectral::delta::svdiff_pytorch::{FullNorms, TEXT_ENCODER_FILE, UNET_FILE};
use crate::spectral::lora::Lora;
use crate::spectral::lora::{diffusers, kohya};
use crate::spectral::{DecomposedModel, LayerSelection};
use crate::weights::format::safetensors::Dtype;
use crate::worker::protocol::{Event, ExportFormat, ExportRequest, ExportedFile, Task};
use crate::worker::serve::page::{self, post};
use crate::worker::serve::session::Session;

impl Session {
    /// Writes an open delta in another program's format.
    ///
    /// # Errors
    /// `Delta` if it is not open or belongs to another base, `Settings` for a rank of 0,
    /// `Decomposition`, `Cancelled`.
    pub(crate) async fn export(&mut self, request: ExportRequest) -> Result<()> {
        let delta = self.opened(&request.id)?.clone();
        delta.check_base(&self.loaded()?.base.hash)?;
        self.decompose(&LayerSelection::for_deltas(&[&delta]))
            .await?;
        page::begin(Task::Export);
        let loaded = self.loaded()?;
        let Some(decomposed) = &loaded.decomposed else {
            return Err(Error::Decomposition(
                "The base is not decomposed, so the weights' changes are not known. Try again."
                    .into(),
            ));
        };
        let text_encoder = decomposed.text_encoder().ok();
        if request.format == ExportFormat::SvdiffPytorch {
            let mut files = Vec::new();
            let mut lost: f64 = 0.0;
            let mut file = |shifts, base: &DecomposedModel, name: &str| -> Result<()> {
                let (fitted, part) = svdiff_pytorch::fit_norms(shifts, base, FullNorms::Project)?;
                lost = lost.max(part);
                files.push(ExportedFile {
                    name: name.to_owned(),
                    bytes: svdiff_pytorch::write(&fitted)?,
                });
                Ok(())
            };
            if !delta.unet.is_empty() {
                file(&delta.unet, &decomposed.unet, UNET_FILE)?;
            }
            if let (false, Some(base)) = (delta.text_encoder.is_empty(), text_encoder) {
                file(&delta.text_encoder, base, TEXT_ENCODER_FILE)?;
            }
            post(&Event::Exported {
                files,
                kept: 1.0,
                left_out: lost,
            });
            return Ok(());
        }
        let (lora, report) =
            Lora::from_delta(&delta, &decomposed.unet, text_encoder, request.rank).await?;
        let base = &loaded.base;
        let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
        let metadata = kohya::metadata(&delta.metadata, base, &report);
        let (write, program) = match request.format {
            ExportFormat::LoraDiffusers => (diffusers::write as fn(_, _, _, _) -> _, "diffusers"),
            _ => (kohya::write as fn(_, _, _, _) -> _, "kohya"),
        };
        let bytes: Vec<u8> = write(&lora, [&shapes[0], &shapes[1]], &metadata, Dtype::F16)?;
        post(&Event::Exported {
            files: vec![ExportedFile {
                name: format!("lora-{program}-rank-{}.safetensors", request.rank),
                bytes,
            }],
            kept: report.energy(),
            left_out: report.left_out(),
        });
        Ok(())
    }
}
