//! The steps of a run, its previews and checkpoints, and its delta at the end.

use web_time::Instant;

use crate::error::{Error, Result};
use crate::generate::GenerateSettings;
use crate::plan::Plan;
use crate::train::{TrainSettings, Trainer};
use crate::worker::protocol::{DeviceKind, Event, Origin, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::deltas::DeltaStore;
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::model::offload::{Offloaded, offload, reload};
use crate::worker::serve::pictures::handlers::pixels;
use crate::worker::serve::runs::checkpoints::RunStore;
use crate::worker::serve::runs::settings::preview_prompt;
use crate::worker::serve::runs::throughput::Throughput;

/// Sampling steps of a preview.
const PREVIEW_STEPS: usize = 15;
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
        trainer.recompute(plan.as_asked.recompute);
        let offloaded = match plan.as_asked.drop_idle {
            true => {
                let settings = trainer.settings();
                let prompt = (settings.preview_every > 0).then(|| preview_prompt(settings));
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
        let settings = trainer.settings().clone();
        let mut losses = Losses::default();
        losses.report(cx, &trainer);
        cx.progress(Task::Train, trainer.step_count(), settings.steps);
        let mut cancelled = false;
        while !cancelled && !trainer.is_done() {
            if cx.between().await.is_err() {
                cancelled = true;
                break;
            }
            let began = Instant::now();
            trainer.step().await?;
            losses.throughput.add(began.elapsed().as_secs_f32());
            losses.report(cx, &trainer);
            match self
                .after_step(&mut trainer, &settings, &mut losses, offloaded)
                .await
            {
                Err(Error::Cancelled) => cancelled = true,
                outcome => outcome?,
            }
        }
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

    /// The checkpoint and the preview that are due after this step.
    async fn after_step(
        &mut self,
        trainer: &mut Trainer,
        settings: &TrainSettings,
        losses: &mut Losses,
        offloaded: Option<&Offloaded>,
    ) -> Result<()> {
        let step = trainer.step_count();
        let due = |every: usize| every > 0 && step.is_multiple_of(every);
        // First the checkpoint: memory may not suffice for the preview.
        if due(settings.checkpoint_every) && !trainer.is_done() {
            self.runs.save(self.cx, trainer).await?;
            losses.report(self.cx, trainer);
        }
        if due(settings.preview_every) {
            if self.deltas.previews.len() < MAX_PREVIEWS {
                let delta = trainer.finish(&self.cx.now()).await?;
                self.deltas.previews.push((step, delta));
            }
            self.model.release_memory().await?;
            let outcome = self.preview(trainer, offloaded).await;
            self.model.release_memory().await?;
            outcome?;
        }
        Ok(())
    }

    async fn preview(&self, trainer: &Trainer, offloaded: Option<&Offloaded>) -> Result<()> {
        let settings = trainer.settings();
        let request = GenerateSettings {
            prompt: preview_prompt(settings),
            seed: settings.seed,
            steps: PREVIEW_STEPS,
            ..GenerateSettings::default()
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

/// The losses of a run, as far as they were reported.
#[derive(Default)]
struct Losses {
    throughput: Throughput,
    reported: usize,
}

impl Losses {
    /// Reports the losses that were read since the last call.
    fn report(&mut self, cx: &Context, trainer: &Trainer) {
        let total = trainer.settings().steps;
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
