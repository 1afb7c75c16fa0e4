//! The trainer: one step at a time, so that whoever runs it pauses, previews or stops in between.
//!
//! δ is one flat vector on the plain device. A step puts it into the model, differentiates the loss
//! and hands δ and its gradient to AdamW. Losses stay on the device and
//! are read [`Trainer::read_losses_every`] steps at once, so that a GPU never waits for the CPU.

use std::ops::ControlFlow;

use burn::tensor::{Device, Tensor, TensorData};
use web_time::Instant;

use crate::config::{TrainConfig, file};
use crate::error::{Error, Result};
use crate::generate::{GenerateConfig, Generated, generate};
use crate::model::base_model::BaseModel;
use crate::sampler::{Noise, NoiseSchedule};
use crate::spectral::DecomposedBaseModel;
use crate::spectral::delta;
use crate::spectral::delta::{Delta, DeltaMetadata};
use crate::train::checkpoint::Checkpoint;
use crate::train::dataset::prepared::Prepared;
use crate::train::dataset::subject::Subject;
use crate::train::loss::LossWeights;
use crate::train::loss::gradient::{Differentiated, differentiate};
use crate::train::loss::recompute::Recompute;
use crate::train::optimizer::{AdamW, AdamWConfig, lr_factor};
use crate::train::preview::Onlooker;
use crate::train::step::{Material, read};
use crate::train::trainable_models::Tunable;

/// The loss of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLoss {
    /// 1 for the first step.
    pub step: usize,
    /// MSE of the subject's sample.
    pub subject: f32,
    /// MSE of the class's sample; 0 without prior preservation.
    pub prior: f32,
    /// Unmix loss; 0 where the step saw no collage.
    pub unmix: f32,
    /// subject + λ · prior + weight · unmix.
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
    /// Seconds that the step took; on a GPU, those until it was submitted if no loss was read.
    pub seconds: f32,
}

/// A run under way.
pub struct Trainer {
    config: TrainConfig,
    base_id: String,
    base_hash: String,
    material: Material,
    schedule: NoiseSchedule,
    model: Tunable,
    device: Device,
    noise: Noise,
    delta: Tensor<1>,
    /// The average of δ, if the settings want one.
    average: Option<Tensor<1>>,
    adamw: AdamW,
    losses: Vec<StepLoss>,
    pending: Vec<[Tensor<1>; 4]>,
    read_every: usize,
    recompute: Recompute,
}

impl Trainer {
    /// Prepares a run and takes up U and V, with all of the base beside them.
    ///
    /// # Errors
    /// Those of [`Prepared::new`] and [`Trainer::begin`].
    pub async fn new(
        base: &BaseModel,
        decomposed: &DecomposedBaseModel,
        subjects: &[Subject],
        config: TrainConfig,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        let prepared = Prepared::new(base, subjects, config, on_step).await?;
        Self::begin(prepared, base, decomposed)
    }

    /// Takes a run up again where `checkpoint` left it; on the CPU it goes on bit for bit as if
    /// it had never stopped.
    ///
    /// # Errors
    /// `Checkpoint` when it was made with another base or does not fit this one.
    pub fn resume(
        base: &BaseModel,
        decomposed: &DecomposedBaseModel,
        checkpoint: Checkpoint,
    ) -> Result<Self> {
        Self::begin(Prepared::resume(base, checkpoint)?, base, decomposed)
    }

    /// Takes up U and V, with δ at 0 or where the run stood. From then on the trainer holds all that
    /// its steps need: base and decomposition may be let go of.
    ///
    /// # Errors
    /// Those of [`Tunable::new`]; `Checkpoint` when the run that goes on does not fit this base.
    pub fn begin(
        prepared: Prepared,
        base: &BaseModel,
        decomposed: &DecomposedBaseModel,
    ) -> Result<Self> {
        let Prepared {
            config,
            base_id,
            base_hash,
            material,
            schedule,
            noise,
            checkpoint,
        } = prepared;
        let model = Tunable::new(base, decomposed, &config)?;
        let device = model.device();
        let rates = model.rates(config.learning_rate, config.learning_rate_1d);
        let delta = Tensor::zeros([model.len()], &device);
        let mut trainer = Self {
            base_id,
            base_hash,
            material,
            schedule,
            average: config.averages().then(|| delta.clone()),
            delta,
            adamw: AdamW::new(AdamWConfig::from(&config), &rates, &device),
            model,
            device,
            noise,
            config,
            losses: Vec::new(),
            pending: Vec::new(),
            read_every: 1,
            recompute: Recompute::None,
        };
        if let Some(checkpoint) = checkpoint {
            trainer.go_on(checkpoint)?;
        }
        Ok(trainer)
    }

    fn go_on(&mut self, checkpoint: Checkpoint) -> Result<()> {
        let count = self.model.len();
        if checkpoint.delta.len() != count {
            return Err(Error::Checkpoint(format!(
                "The checkpoint holds {} shifts, but this base has {count}, so the run cannot go \
                 on. Discard it and start the training again.",
                checkpoint.delta.len()
            )));
        }
        let vector = |values| Tensor::from_data(TensorData::new(values, [count]), &self.device);
        self.delta = vector(checkpoint.delta);
        self.adamw.exp_avg = vector(checkpoint.exp_avg);
        self.adamw.exp_avg_sq = vector(checkpoint.exp_avg_sq);
        self.average = (self.average.is_some()).then(|| vector(checkpoint.average));
        self.adamw.step = checkpoint.step;
        self.losses = checkpoint.losses;
        Ok(())
    }

    /// Reads losses only every so many steps (1 if never called, right for the CPU; 4 to 10 suit
    /// a GPU, which then has that many steps queued at most).
    pub fn read_losses_every(&mut self, steps: usize) {
        self.read_every = steps.max(1);
    }

    /// Computes again in the backward pass, from now on, to save memory (nothing if never called).
    pub fn recompute(&mut self, recompute: Recompute) {
        self.recompute = recompute;
    }

    /// What this run was asked for, as checked.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Steps done.
    pub fn step_count(&self) -> usize {
        self.adamw.step
    }

    /// Whether all the steps that were asked for are done.
    pub fn is_done(&self) -> bool {
        self.step_count() >= self.config.max_train_steps
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
        let began = Instant::now();
        let step = self.step_count();
        let batch = self
            .material
            .draw(&self.config, step, &mut self.noise, &self.device);
        // The tensors of a step have the sizes of those of the step before. On a GPU they are kept by size
        // for the next one, so that no small one settles in the memory of a large one.
        let Differentiated {
            subject,
            prior,
            unmix,
            total,
            gradient,
        } = self.device.memory_persistent_allocations(batch, |batch| {
            differentiate(
                &self.model,
                &self.delta,
                &self.schedule,
                batch,
                LossWeights::from(&self.config),
                self.recompute,
            )
        })?;
        let factor = lr_factor(self.config.lr_scheduler, step, self.config.max_train_steps);
        self.delta = self.adamw.update(self.delta.clone(), gradient, factor);
        if let Some(average) = self.average.take() {
            let keep = averaging(self.config.ema_decay, step);
            self.average = Some(average * keep + self.delta.clone() * (1.0 - keep));
        }
        self.pending.push([subject, prior, unmix, total]);
        let read_now = self.pending.len() >= self.read_every || self.is_done();
        let losses = if read_now {
            self.read_losses().await?
        } else {
            Vec::new()
        };
        Ok(StepReport {
            step: self.step_count(),
            total: self.config.max_train_steps,
            losses,
            seconds: began.elapsed().as_secs_f32(),
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
            .chunks_exact(4)
            .enumerate()
            .map(|(i, of)| StepLoss {
                step: first + i,
                subject: of[0],
                prior: of[1],
                unmix: of[2],
                total: of[3],
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

    /// What is kept as the result so far: δ, or its average.
    async fn result(&self) -> Result<Vec<f32>> {
        let result = self.average.as_ref().filter(|_| self.step_count() > 0);
        read(result.unwrap_or(&self.delta).clone()).await
    }

    /// Everything that is needed to go on from here.
    ///
    /// # Errors
    /// `Device` when it cannot be read back; as [`Trainer::step`] when a pending loss is bad.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint> {
        self.read_losses().await?;
        Ok(Checkpoint {
            settings: self.config.clone(),
            base_id: self.base_id.clone(),
            base_hash: self.base_hash.clone(),
            step: self.step_count(),
            noise_position: self.noise.position(),
            latent_shape: self.material.shape,
            delta: read(self.delta.clone()).await?,
            exp_avg: read(self.adamw.exp_avg.clone()).await?,
            exp_avg_sq: read(self.adamw.exp_avg_sq.clone()).await?,
            average: match &self.average {
                Some(average) => read(average.clone()).await?,
                None => Vec::new(),
            },
            samples: self.material.samples.clone(),
            losses: self.losses.clone(),
        })
    }

    /// Pictures with what is learned so far, by the base's tiny autoencoder if it has one.
    ///
    /// # Errors
    /// What [`generate`] reports.
    pub async fn preview(
        &self,
        base: &BaseModel,
        decomposed: &DecomposedBaseModel,
        request: &GenerateConfig,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Generated> {
        let delta = self.finish("").await?;
        let tuned = decomposed.bake(base, &[(&delta, 1.0)])?;
        let request = GenerateConfig {
            preview: true,
            ..request.clone()
        };
        generate(&tuned, &tuned.unet, &request, None, on_step).await
    }

    /// The same without the base, which was let go of: through the factored UNet, so slower.
    ///
    /// # Errors
    /// What the generation reports.
    pub async fn preview_alone(
        &self,
        onlooker: &Onlooker,
        request: &GenerateConfig,
        on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Generated> {
        let delta = self.average.as_ref().unwrap_or(&self.delta);
        let tuned = self.model.attach(delta)?;
        onlooker.look(&tuned, request, on_step).await
    }

    /// The delta file's content; `date` is today's in ISO 8601, which only the caller knows.
    ///
    /// # Errors
    /// `Device` when δ cannot be read back.
    pub async fn finish(&self, date: &str) -> Result<Delta> {
        let config = &self.config;
        let named = config.title();
        let (unet, text_encoder) = self.model.to_shifts(&self.result().await?);
        let mut prompts: Vec<String> = Vec::new();
        for sample in &self.material.samples {
            if !prompts.contains(&sample.caption) {
                prompts.push(sample.caption.clone());
            }
        }
        let training = file::to_json(config).map_err(|error| {
            Error::Settings(format!(
                "The settings cannot be written into the delta: {error}."
            ))
        })?;
        let metadata = DeltaMetadata {
            base_id: self.base_id.clone(),
            base_sha256: self.base_hash.clone(),
            precision: "f32".into(),
            subjects: config
                .subjects
                .iter()
                .filter(|words| words.prompt.is_empty())
                .map(|words| delta::Subject {
                    token: words.token.clone(),
                    class_word: words.class_word.clone(),
                })
                .collect(),
            prompts,
            trigger_phrase: named.clone(),
            training,
            steps: self.step_count() as u64,
            date: date.to_owned(),
            title: named,
            ..DeltaMetadata::default()
        };
        Ok(Delta {
            metadata,
            unet,
            text_encoder,
        })
    }
}

/// How much of the average stays in step number `step`: less at first, so that δ = 0 of the
/// beginning does not linger (diffusers' `EMAModel`).
fn averaging(decay: f64, step: usize) -> f64 {
    decay.min((1.0 + step as f64) / (10.0 + step as f64))
}
