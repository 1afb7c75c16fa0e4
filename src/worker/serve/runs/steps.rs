//! The steps of a run, its previews and checkpoints, and its delta at the end.

use crate::error::{Error, Result};
use crate::generate::GenerateConfig;
use crate::plan::Plan;
use crate::train::{StepReport, TrainHooks, Trainer};
use crate::worker::protocol::{DeviceKind, Event, Origin, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::deltas::DeltaStore;
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::model::offload::{Offloaded, offload, reload};
use crate::worker::serve::pictures::handlers::pixels;
use crate::worker::serve::runs::checkpoints::RunStore;
use crate::worker::serve::runs::throughput::Throughput;

/// Sampling steps of a preview.
const PREVIEW_STEPS: usize = 15;
/// Guidance of a preview.
const PREVIEW_GUIDANCE: f64 = 7.5;
/// Previews whose deltas are stored; the page shows as many.
const MAX_PREVIEWS: usize = 60;
/// Steps between two readings of the loss on a GPU; each reading waits for the GPU.
const GPU_READS: usize = 4;

/// A run under way, with its stores.
pub(crate) struct Run<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) model: &'a mut ModelStore,
    pub(crate) deltas: &'a mut DeltaStore,
    pub(crate) runs: &'a mut RunStore,
}

impl Run<'_> {
    /// Makes the steps as the memory plan says, and reports the memory that they took.
    ///
    /// # Errors
    /// `Device`; `Cancelled` after the delta was posted, if anything was learned.
    pub(crate) async fn run(mut self, mut trainer: Trainer, plan: &Plan) -> Result<()> {
        trainer.recompute(plan.requested_strategy.recompute);
        let offloaded = match plan.requested_strategy.offload {
            true => {
                let config = trainer.config();
                let prompt = (config.validation_steps > 0).then(|| config.preview_prompt());
                Some(offload(self.cx, self.model, prompt.as_deref())?)
            }
            false => None,
        };
        self.model.release_memory().await?;
        let outcome = self.steps(trainer, offloaded.as_ref()).await;
        self.model.report_memory(self.cx, Task::Train, plan);
        if !matches!(outcome, Err(Error::Device(_))) {
            self.model.release_memory().await?;
            if let Some(offloaded) = offloaded {
                reload(self.cx, self.model, offloaded).await;
            }
        }
        outcome
    }

    /// Steps, previews and checkpoints until the run is done or cancelled; then the delta.
    async fn steps(&mut self, mut trainer: Trainer, offloaded: Option<&Offloaded>) -> Result<()> {
        let cx = self.cx;
        cx.begin(Task::Train);
        self.deltas.previews.clear();
        let gpu = self.model.device.as_ref();
        let gpu = gpu.is_some_and(|chosen| chosen.kind == DeviceKind::Gpu);
        trainer.read_losses_every(if gpu { GPU_READS } else { 1 });
        let mut losses = Losses::default();
        losses.report(cx, &trainer);
        let total = trainer.config().max_train_steps;
        cx.progress(Task::Train, trainer.step_count(), total);
        let mut hooks = Hooks {
            run: self,
            losses,
            offloaded,
        };
        let cancelled = match trainer.run(&mut hooks).await {
            Err(Error::Cancelled) => true,
            outcome => {
                outcome?;
                false
            }
        };
        if trainer.step_count() > 0 {
            let delta = trainer.finish(&cx.now()).await?;
            self.deltas.add_made(cx, Origin::Trained, &delta)?;
        }
        // The delta holds what was learned, so the run is over, cancelled or not.
        self.runs.discard(cx).await;
        match cancelled {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    async fn preview(&self, trainer: &Trainer, offloaded: Option<&Offloaded>) -> Result<()> {
        let config = trainer.config();
        let request = GenerateConfig {
            prompt: config.preview_prompt(),
            seed: config.seed,
            num_inference_steps: PREVIEW_STEPS,
            guidance_scale: PREVIEW_GUIDANCE,
            ..GenerateConfig::default()
        };
        let observer = self.model.observer(self.cx, Task::Generate);
        let mut on_step = async |_: usize, _: usize| observer.step_unseen().await;
        let made = match offloaded {
            None => {
                let loaded = self.model.loaded()?;
                let Some(decomposed) = &loaded.decomposed else {
                    return Ok(());
                };
                trainer
                    .preview(&loaded.base, decomposed, &request, &mut on_step)
                    .await
            }
            Some(Offloaded {
                onlooker: Some(onlooker),
                ..
            }) => {
                trainer
                    .preview_alone(onlooker, &request, &mut on_step)
                    .await
            }
            Some(_) => return Ok(()),
        };
        let picture = observer.outcome(made)?.picture(0)?;
        self.cx.post(Event::Preview {
            step: trainer.step_count(),
            picture: pixels(&picture),
        });
        Ok(())
    }
}

/// What is done between two steps.
struct Hooks<'h, 'r> {
    run: &'h mut Run<'r>,
    losses: Losses,
    offloaded: Option<&'h Offloaded>,
}

impl TrainHooks for Hooks<'_, '_> {
    async fn before_step(&mut self) -> Result<()> {
        self.run.cx.between().await
    }

    async fn on_step(&mut self, trainer: &Trainer, report: &StepReport) -> Result<()> {
        self.losses.throughput.add(report.seconds);
        self.losses.report(self.run.cx, trainer);
        Ok(())
    }

    async fn on_checkpoint(&mut self, trainer: &mut Trainer) -> Result<()> {
        self.run.runs.save(self.run.cx, trainer).await?;
        self.losses.report(self.run.cx, trainer);
        Ok(())
    }

    async fn on_validation(&mut self, trainer: &Trainer) -> Result<()> {
        let run = &mut *self.run;
        if run.deltas.previews.len() < MAX_PREVIEWS {
            let delta = trainer.finish(&run.cx.now()).await?;
            run.deltas.previews.push((trainer.step_count(), delta));
        }
        run.model.release_memory().await?;
        let outcome = run.preview(trainer, self.offloaded).await;
        run.model.release_memory().await?;
        outcome
    }
}

/// The losses of a run, as far as they were reported.
#[derive(Default)]
struct Losses {
    throughput: Throughput,
    reported: usize,
}

impl Losses {
    /// Reports the losses that were read since the last call.
    fn report(&mut self, cx: &Context, trainer: &Trainer) {
        let total = trainer.config().max_train_steps;
        for loss in trainer.losses().iter().skip(self.reported) {
            cx.post(Event::Step {
                step: loss.step,
                total,
                loss: loss.total,
                steps_per_second: self.throughput.steps_per_second(),
                seconds_left: self
                    .throughput
                    .seconds_left(total.saturating_sub(loss.step)),
            });
        }
        self.reported = trainer.losses().len();
    }
}
