//! A run before U and V are taken up: its pictures as latents, its captions as embeddings.
//!
//! All of the base is needed for this, and none of its decomposition; afterwards a run needs U, V
//! and what is not trained of the UNet. So whoever has little memory prepares first, then takes up
//! U and V, then lets go of the base.

use std::ops::ControlFlow;

use crate::config::TrainConfig;
use crate::error::Result;
use crate::model::base_model::BaseModel;
use crate::sampler::{Noise, NoiseSchedule};
use crate::train::checkpoint::Checkpoint;
use crate::train::dataset::prepare::samples;
use crate::train::dataset::sample::Sample;
use crate::train::dataset::subject::Subject;
use crate::train::step::{Material, Texts};

/// The stream of [`Noise`] that training draws from; `generate` uses others.
const STREAM: u64 = 3;

/// What a run takes from its base, and where it goes on if it goes on.
pub struct Prepared {
    pub(crate) config: TrainConfig,
    pub(crate) base_id: String,
    pub(crate) base_hash: String,
    pub(crate) material: Material,
    pub(crate) schedule: NoiseSchedule,
    pub(crate) noise: Noise,
    /// The run that goes on; its samples were taken out of it.
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl Prepared {
    /// Encodes the pictures, makes class pictures and collages, embeds the captions.
    ///
    /// `subjects` stand in the order of the settings' words. `on_step` hears of pieces of this work
    /// done and wanted.
    ///
    /// # Errors
    /// `Settings` when the settings cannot work; `Cancelled` when `on_step` breaks; `Device`.
    pub async fn new(
        base: &BaseModel,
        subjects: &[Subject],
        config: TrainConfig,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        let config = config.validated()?;
        let samples = samples(base, subjects, &config, on_step).await?;
        let shape = [
            base.latent_channels(),
            base.latent_size(),
            base.latent_size(),
        ];
        let noise = Noise::new(config.seed, STREAM);
        Self::assemble(base, config, shape, samples, noise, None)
    }

    /// What a run needs that goes on.
    ///
    /// # Errors
    /// `Checkpoint` when it was made with another base.
    pub fn resume(base: &BaseModel, mut checkpoint: Checkpoint) -> Result<Self> {
        checkpoint.check_base(&base.hash)?;
        let config = checkpoint.settings.clone();
        let samples = core::mem::take(&mut checkpoint.samples);
        let noise = Noise::at(config.seed, STREAM, checkpoint.noise_position);
        let shape = checkpoint.latent_shape;
        Self::assemble(base, config, shape, samples, noise, Some(checkpoint))
    }

    fn assemble(
        base: &BaseModel,
        config: TrainConfig,
        shape: [usize; 3],
        samples: Vec<Sample>,
        noise: Noise,
        checkpoint: Option<Checkpoint>,
    ) -> Result<Self> {
        let schedule = NoiseSchedule::new(&base.scheduler)?;
        let mut prompts: Vec<String> = Vec::new();
        let captions = samples
            .iter()
            .map(|sample| {
                let known = prompts.iter().position(|prompt| *prompt == sample.caption);
                known.unwrap_or_else(|| {
                    prompts.push(sample.caption.clone());
                    prompts.len() - 1
                })
            })
            .collect();
        let material = Material {
            shape,
            scaling_factor: base.vae.scaling_factor() as f32,
            captions,
            texts: if config.train_text_encoder {
                Texts::Ids(base.token_ids(&prompts))
            } else {
                Texts::Embeddings(base.embed(&prompts))
            },
            samples,
            timesteps: schedule.num_train_timesteps(),
        };
        Ok(Self {
            config,
            base_id: base.id.clone(),
            base_hash: base.hash.clone(),
            material,
            schedule,
            noise,
            checkpoint,
        })
    }

    /// What the run was asked for, as checked.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }
}
