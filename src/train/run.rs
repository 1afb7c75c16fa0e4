//! The trainer: one step at a time, so that whoever runs it pauses, previews or stops in between.
//!
//! δ is one flat vector on the plain device. A step puts it into the model, differentiates the loss
//! and hands δ and its gradient to AdamW. Losses stay on the device and
//! are read [`Trainer::read_losses_every`] steps at once, so that a GPU never waits for the CPU.

use std::ops::ControlFlow;

use burn::tensor::{Device, Tensor, TensorData};

use super::checkpoint::Checkpoint;
use super::gradient::{Differentiated, differentiate};
use super::optimiser::{AdamW, AdamWConfig};
use super::prior::class_latents;
use super::settings::TrainSettings;
use super::step::{Material, read};
use super::subject::{PictureLatents, Subject, class_prompt, instance_prompt};
use crate::error::{Error, Result};
use crate::generate::{GenerateSettings, Generated, generate};
use crate::model::base::Base;
use crate::model::unet::UNet2DConditionModel;
use crate::sampler::{Noise, NoiseSchedule};
use crate::spectral::delta::{self, Delta, DeltaMetadata};
use crate::spectral::shift::{ShiftKind, ShiftSet};
use crate::spectral::{LayerRange, SpectralBase, Trainable};

/// The stream of [`Noise`] that training draws from; `generate` uses others.
const STREAM: u64 = 3;

/// The loss of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLoss {
    /// 1 for the first step.
    pub step: usize,
    /// MSE of the subject's sample.
    pub subject: f32,
    /// MSE of the class's sample; 0 without prior preservation.
    pub prior: f32,
    /// subject + λ · prior.
    pub total: f32,
}

/// What a step has to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done.
    pub step: usize,
    /// Steps wanted.
    pub total: usize,
    /// Losses that were read with this step, oldest first; often none.
    pub losses: Vec<StepLoss>,
}

/// A run under way.
pub struct Trainer {
    settings: TrainSettings,
    base_id: String,
    base_hash: String,
    material: Material,
    schedule: NoiseSchedule,
    unet: Trainable<UNet2DConditionModel>,
    device: Device,
    noise: Noise,
    delta: Tensor<1>,
    adamw: AdamW,
    losses: Vec<StepLoss>,
    pending: Vec<[Tensor<1>; 3]>,
    read_every: usize,
}

impl Trainer {
    /// Prepares a run: encodes the pictures, makes the class pictures, sets δ to 0.
    ///
    /// `on_prior` hears of class pictures done and wanted.
    ///
    /// # Errors
    /// `Settings` when the settings cannot work; `Cancelled` when `on_prior` breaks; `Device`.
    pub async fn new(
        base: &Base,
        spectral: &SpectralBase,
        subject: &Subject,
        settings: TrainSettings,
        on_prior: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        let settings = settings.validated()?;
        if subject.size != base.picture_size() {
            return Err(Error::Settings(format!(
                "The pictures have {} pixels a side, but the base works with {}. Add them again \
                 now that this base is loaded.",
                subject.size,
                base.picture_size()
            )));
        }
        let pictures = subject.encode(base, settings.flip).await?;
        let priors = class_latents(base, &settings, on_prior).await?;
        let shape = [
            base.latent_channels(),
            base.latent_size(),
            base.latent_size(),
        ];
        let noise = Noise::new(settings.seed, STREAM);
        Self::assemble(base, spectral, settings, shape, pictures, priors, noise)
    }

    /// Takes a run up again where `checkpoint` left it; on the CPU it goes on bit for bit as if
    /// it had never stopped.
    ///
    /// # Errors
    /// `Checkpoint` when it was made with another base or does not fit this one.
    pub fn resume(base: &Base, spectral: &SpectralBase, checkpoint: Checkpoint) -> Result<Self> {
        checkpoint.check_base(&base.hash)?;
        let Checkpoint {
            settings,
            latent_shape,
            pictures,
            priors,
            ..
        } = checkpoint;
        let noise = Noise::at(settings.seed, STREAM, checkpoint.noise_position);
        let mut trainer = Self::assemble(
            base,
            spectral,
            settings,
            latent_shape,
            pictures,
            priors,
            noise,
        )?;
        let count = trainer.unet.len();
        if checkpoint.delta.len() != count {
            return Err(Error::Checkpoint(format!(
                "The checkpoint holds {} shifts, but this base has {count}, so the run cannot go \
                 on. Discard it and start the training again.",
                checkpoint.delta.len()
            )));
        }
        let vector = |values| Tensor::from_data(TensorData::new(values, [count]), &trainer.device);
        trainer.delta = vector(checkpoint.delta);
        trainer.adamw.exp_avg = vector(checkpoint.exp_avg);
        trainer.adamw.exp_avg_sq = vector(checkpoint.exp_avg_sq);
        trainer.adamw.step = checkpoint.step;
        trainer.losses = checkpoint.losses;
        Ok(trainer)
    }

    fn assemble(
        base: &Base,
        spectral: &SpectralBase,
        settings: TrainSettings,
        shape: [usize; 3],
        pictures: Vec<PictureLatents>,
        priors: Vec<Vec<f32>>,
        noise: Noise,
    ) -> Result<Self> {
        let schedule = NoiseSchedule::new(&base.scheduler)?;
        let prompts = [instance_prompt(&settings), class_prompt(&settings)];
        let embeddings = base.embed(&prompts);
        let device = base.device().clone();
        let unet = spectral.trainable(&base.unet, settings.norms)?;
        let rates = rates(
            unet.layout(),
            settings.learning_rate,
            settings.learning_rate_1d,
        );
        let material = Material {
            shape,
            scaling_factor: base.vae.scaling_factor() as f32,
            pictures,
            priors,
            instance_embedding: embeddings.clone().narrow(0, 0, 1),
            class_embedding: embeddings.narrow(0, 1, 1),
            timesteps: schedule.num_train_timesteps(),
        };
        Ok(Self {
            base_id: base.id.clone(),
            base_hash: base.hash.clone(),
            material,
            schedule,
            delta: Tensor::zeros([unet.len()], &device),
            adamw: AdamW::new(AdamWConfig::from(&settings), &rates, &device),
            unet,
            device,
            noise,
            settings,
            losses: Vec::new(),
            pending: Vec::new(),
            read_every: 1,
        })
    }

    /// Reads losses only every so many steps (1 if never called, right for the CPU; 4 to 10 suit
    /// a GPU, which then has that many steps queued at most).
    pub fn read_losses_every(&mut self, steps: usize) {
        self.read_every = steps.max(1);
    }

    /// What this run was asked for, as checked.
    pub fn settings(&self) -> &TrainSettings {
        &self.settings
    }

    /// Steps done.
    pub fn step_count(&self) -> usize {
        self.adamw.step
    }

    /// Whether all the steps that were asked for are done.
    pub fn is_done(&self) -> bool {
        self.step_count() >= self.settings.steps
    }

    /// Losses read so far, oldest first.
    pub fn losses(&self) -> &[StepLoss] {
        &self.losses
    }

    /// Makes one step.
    ///
    /// # Errors
    /// `Settings` when the loss is no number any more; `Device` when the device was lost.
    pub async fn step(&mut self) -> Result<StepReport> {
        let batch = self.material.draw(&mut self.noise, &self.device);
        let Differentiated {
            subject,
            prior,
            total,
            gradient,
        } = differentiate(
            &self.unet,
            &self.delta,
            &self.schedule,
            batch,
            self.settings.prior_weight,
        )?;
        self.delta = self.adamw.update(self.delta.clone(), gradient);
        self.pending.push([subject, prior, total]);
        let read_now = self.pending.len() >= self.read_every || self.is_done();
        let losses = if read_now {
            self.read_losses().await?
        } else {
            Vec::new()
        };
        Ok(StepReport {
            step: self.step_count(),
            total: self.settings.steps,
            losses,
        })
    }

    /// Reads what is pending, in one transfer.
    async fn read_losses(&mut self) -> Result<Vec<StepLoss>> {
        let pending: Vec<Tensor<1>> = self.pending.drain(..).flatten().collect();
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        let first = self.losses.len() + 1;
        let values = read(Tensor::cat(pending, 0)).await?;
        let losses: Vec<StepLoss> = values
            .chunks_exact(3)
            .enumerate()
            .map(|(i, of)| StepLoss {
                step: first + i,
                subject: of[0],
                prior: of[1],
                total: of[2],
            })
            .collect();
        if let Some(bad) = losses.iter().find(|loss| !loss.total.is_finite()) {
            return Err(Error::Settings(format!(
                "The loss became {} at step {}, so what was learned since then is lost. Start \
                 again with a smaller learning rate.",
                bad.total, bad.step
            )));
        }
        self.losses.extend_from_slice(&losses);
        Ok(losses)
    }

    /// δ so far, layer by layer.
    ///
    /// # Errors
    /// `Device` when it cannot be read back.
    pub async fn delta(&self) -> Result<ShiftSet> {
        let values = read(self.delta.clone()).await?;
        Ok(self.unet.to_shifts(&values))
    }

    /// Everything that is needed to go on from here.
    ///
    /// # Errors
    /// `Device` when it cannot be read back; as [`Trainer::step`] when a pending loss is bad.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint> {
        self.read_losses().await?;
        Ok(Checkpoint {
            settings: self.settings.clone(),
            base_id: self.base_id.clone(),
            base_hash: self.base_hash.clone(),
            step: self.step_count(),
            noise_position: self.noise.position(),
            latent_shape: self.material.shape,
            delta: read(self.delta.clone()).await?,
            exp_avg: read(self.adamw.exp_avg.clone()).await?,
            exp_avg_sq: read(self.adamw.exp_avg_sq.clone()).await?,
            pictures: self.material.pictures.clone(),
            priors: self.material.priors.clone(),
            losses: self.losses.clone(),
        })
    }

    /// Pictures with what is learned so far, by the base's tiny autoencoder if it has one.
    ///
    /// # Errors
    /// What [`generate`] reports.
    pub async fn preview(
        &self,
        base: &Base,
        spectral: &SpectralBase,
        request: &GenerateSettings,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Generated> {
        let shifts = self.delta().await?;
        let unet = spectral.bake(&base.unet, &[(&shifts, 1.0)])?;
        let request = GenerateSettings {
            preview: true,
            ..request.clone()
        };
        generate(base, &unet, &request, None, on_step).await
    }

    /// The delta file's content; `date` is today's in ISO 8601, which only the caller knows.
    ///
    /// # Errors
    /// `Device` when δ cannot be read back.
    pub async fn finish(&self, date: &str) -> Result<Delta> {
        let settings = &self.settings;
        let named = format!("{} {}", settings.token, settings.class_word);
        let training = serde_json::to_string(settings).map_err(|error| {
            Error::Settings(format!(
                "The settings cannot be written into the delta: {error}."
            ))
        })?;
        let metadata = DeltaMetadata {
            base_id: self.base_id.clone(),
            base_sha256: self.base_hash.clone(),
            precision: "f32".into(),
            subjects: vec![delta::Subject {
                token: settings.token.clone(),
                class_word: settings.class_word.clone(),
            }],
            prompts: vec![instance_prompt(settings), class_prompt(settings)],
            trigger_phrase: named.clone(),
            training,
            steps: self.step_count() as u64,
            date: date.to_owned(),
            title: named,
            ..DeltaMetadata::default()
        };
        Ok(Delta {
            metadata,
            unet: self.delta().await?,
            text_encoder: ShiftSet::new(),
        })
    }
}

/// The learning rate of every δ: `norms` for those of norms, `matrices` for all others.
pub fn rates(layout: &[LayerRange], matrices: f64, norms: f64) -> Vec<f64> {
    layout
        .iter()
        .flat_map(|layer| {
            let rate = if layer.kind == ShiftKind::Spectral {
                matrices
            } else {
                norms
            };
            std::iter::repeat_n(rate, layer.range.len())
        })
        .collect()
}
