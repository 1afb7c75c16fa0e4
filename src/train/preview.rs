//! Previews of a run whose base was let go of: what they need of it, kept.

use std::ops::ControlFlow;

use burn::tensor::{Int, Tensor};

use crate::error::Result;
use crate::generate::{Easel, GenerateConfig, Generated};
use crate::model::autoencoder_tiny::AutoencoderTiny;
use crate::model::base_model::BaseModel;
use crate::model::config::SchedulerConfig;
use crate::train::trainable_models::Tuned;

/// The tiny autoencoder, the noise schedule and the texts of one prompt.
pub struct Onlooker {
    scheduler: SchedulerConfig,
    sample_size: usize,
    decoder: AutoencoderTiny,
    /// Without the prompt and with it: `[2, tokens]` and `[2, tokens, channels]`.
    ids: Tensor<2, Int>,
    embeddings: Tensor<3>,
}

impl Onlooker {
    /// Keeps what previews of `prompt` need; `None` for a base without a tiny autoencoder, whose
    /// own is too large to be kept for previews.
    pub fn new(base: &BaseModel, prompt: &str) -> Option<Self> {
        let prompts = [String::new(), prompt.to_owned()];
        Some(Self {
            scheduler: base.scheduler.clone(),
            sample_size: base.sample_size,
            decoder: base.vae_tiny.clone()?,
            ids: base.token_ids(&prompts),
            embeddings: base.embed(&prompts),
        })
    }

    /// Pictures of the prompt with the models of one δ.
    ///
    /// # Errors
    /// What the generation reports.
    pub(crate) async fn look(
        &self,
        tuned: &Tuned,
        request: &GenerateConfig,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Generated> {
        let trained = tuned.plain_texts(self.ids.clone())?;
        let easel = Easel {
            scheduler: &self.scheduler,
            sample_size: self.sample_size,
            decode: &|latents| {
                let scale = self.decoder.scaling_factor();
                self.decoder.decode(latents / scale)
            },
        };
        let embeddings = trained.unwrap_or_else(|| self.embeddings.clone());
        let unet = tuned.plain_unet()?;
        easel.paint(&unet, request, embeddings, on_step).await
    }
}
