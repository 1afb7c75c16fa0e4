//! A run, from its settings or its checkpoint to the delta.

use std::rc::Rc;

use web_time::Instant;

use crate::error::{Error, Result};
use crate::generate::GenerateSettings;
use crate::plan::Plan;
use crate::spectral::LayerSelection;
use crate::train::checkpoint::slots::Slots;
use crate::train::dataset::prepare::warnings;
use crate::train::{Checkpoint, CheckpointStore, Prepared, Subject, Trainer};
use crate::worker::protocol::{DeviceKind, Event, Origin, Task, TrainRequest};
use crate::worker::serve::device::gpu_bytes;
use crate::worker::serve::generate::pictures::pixels;
use crate::worker::serve::model::offload::Away;
use crate::worker::serve::page::{self, post, warn};
use crate::worker::serve::pictures::collages::run_collages;
use crate::worker::serve::runs::settings::{preview_prompt, settings_of};
use crate::worker::serve::runs::store::Store;
use crate::worker::serve::runs::throughput::Pace;
use crate::worker::serve::session::{Session, no_base};

/// Sampling steps of a preview: it shows the way, not the goal.
const PREVIEW_STEPS: usize = 15;
/// Previews whose deltas are kept; the page shows as many.
const SNAPSHOTS: usize = 60;
/// Steps between two readings of the loss on a GPU, which waits for each.
const GPU_READS: usize = 4;

impl Session {
    /// Trains on the pictures that were added.
    ///
    /// # Errors
    /// `Settings`, `Decomposition`, `Device`; `Cancelled` after the delta was posted, if anything
    /// was learned.
    pub(crate) async fn train(&mut self, request: TrainRequest) -> Result<()> {
        let ids = self.ids(&request.subjects)?;
        let arranged = request.arranged.clone();
        let mut settings = settings_of(request)?.validated()?;
        if !arranged.is_empty() {
            settings.own_collages = run_collages(&settings, &ids, &arranged)?;
        }
        let size = self.picture_size()?;
        let own = self.loaded()?.configs.own_pixels();
        settings.picture_size = Some(size as usize).filter(|size| *size != own);
        let mut subjects = Vec::with_capacity(ids.len());
        for ids in &ids {
            let pictures = ids.iter().map(|id| self.pictures.model_pixels(*id, size));
            let pictures: Vec<Vec<f32>> = pictures.collect::<Result<_>>()?;
            subjects.push(Subject::new(pictures, size as usize)?);
        }
        let counts: Vec<usize> = ids.iter().map(Vec::len).collect();
        for warning in warnings(&settings, &counts, &self.loaded()?.base.tokenizer) {
            warn(warning);
        }
        let plan = self.plan_training(&settings)?;
        self.tile(&plan)?;
        gpu_bytes::begin();
        // With little memory the pictures are prepared before U and V are there.
        let first = !plan.as_asked.drop_idle;
        let selection = LayerSelection::for_training(settings.layers, settings.text_encoder);
        if first {
            self.decompose(&selection).await?;
        } else {
            self.make_room();
        }
        page::begin(Task::Prior);
        let store = self.store().await;
        let watch = self.watch(Task::Prior);
        let mut on_prior = async |done: usize, total: usize| watch.step(done, total).await;
        let base = &self.loaded()?.base;
        let prepared = Prepared::new(base, &subjects, settings, &mut on_prior).await;
        let prepared = watch.outcome(prepared)?;
        if !first {
            self.decompose(&selection).await?;
        }
        let mut trainer = self.take_up(prepared)?;
        // The new run's first checkpoint may be older in steps than the old run's last.
        if let Err(error) = store.discard().await {
            warn(error.to_string());
        }
        save(&store, &mut trainer).await?;
        self.steps(trainer, &plan, &store).await
    }

    /// Goes on with the run that the store holds.
    ///
    /// # Errors
    /// `Checkpoint` if there is none or it does not fit; those of [`Session::train`].
    pub(crate) async fn resume(&mut self) -> Result<()> {
        let store = self.store().await;
        self.loaded()?;
        let Some(bytes) = store.load().await? else {
            return Err(Error::Checkpoint(
                "There is no run to go on with: it was finished or discarded, perhaps in another tab. Start a new one."
                    .into(),
            ));
        };
        let checkpoint = Checkpoint::from_bytes(&bytes)?;
        let base = &self.loaded()?.base;
        checkpoint.check_base(&base.hash)?;
        // The run's pictures may have another size than those of now.
        let side = checkpoint.latent_shape[1];
        if side != base.latent_size() {
            self.set_size(side * base.picture_size() / base.latent_size())?;
        }
        let plan = self.plan_training(&checkpoint.settings)?;
        gpu_bytes::begin();
        let settings = &checkpoint.settings;
        let selection = LayerSelection::for_training(settings.layers, settings.text_encoder);
        let prepared = Prepared::resume(&self.loaded()?.base, checkpoint)?;
        self.decompose(&selection).await?;
        let trainer = self.take_up(prepared)?;
        self.steps(trainer, &plan, &store).await
    }

    /// The trainer, with U and V.
    fn take_up(&self, prepared: Prepared) -> Result<Trainer> {
        let loaded = self.loaded()?;
        let decomposed = loaded.decomposed.as_ref().ok_or_else(no_base)?;
        Trainer::begin(prepared, &loaded.base, decomposed)
    }

    /// Makes the steps as the plan says, and tells what they took of memory.
    async fn steps(
        &mut self,
        mut trainer: Trainer,
        plan: &Plan,
        store: &Rc<Slots<Store>>,
    ) -> Result<()> {
        trainer.recompute(plan.as_asked.recompute);
        let away = match plan.as_asked.drop_idle {
            true => Some(self.let_go(trainer.settings())?),
            false => None,
        };
        self.give_back().await?;
        let outcome = self.go_on(trainer, store, away.as_ref()).await;
        gpu_bytes::tell(Task::Train, plan.peak_as_asked);
        if !matches!(outcome, Err(Error::Device(_))) {
            self.give_back().await?;
            if let Some(away) = away {
                self.bring_back(away).await;
            }
        }
        outcome
    }

    /// Forgets that run.
    pub(crate) async fn discard_run(&mut self) {
        if let Err(error) = self.store().await.discard().await {
            warn(error.to_string());
        }
    }

    /// Steps, previews and checkpoints until the run is done or stopped; then the delta.
    async fn go_on(
        &mut self,
        mut trainer: Trainer,
        store: &Rc<Slots<Store>>,
        away: Option<&Away>,
    ) -> Result<()> {
        page::begin(Task::Train);
        self.snapshots.clear();
        let gpu = self
            .chosen
            .as_ref()
            .is_some_and(|chosen| chosen.kind == DeviceKind::Gpu);
        trainer.read_losses_every(if gpu { GPU_READS } else { 1 });
        let settings = trainer.settings().clone();
        let (mut pace, mut told) = (Pace::default(), 0);
        tell(&trainer, &pace, &mut told);
        page::progress(Task::Train, trainer.step_count(), settings.steps);
        let mut stopped = false;
        while !trainer.is_done() {
            if self.control.between().await.is_err() {
                stopped = true;
                break;
            }
            let began = Instant::now();
            trainer.step().await?;
            pace.add(began.elapsed().as_secs_f32());
            tell(&trainer, &pace, &mut told);
            let step = trainer.step_count();
            let due = |every: usize| every > 0 && step.is_multiple_of(every);
            // First the checkpoint: a preview may be what memory does not suffice for.
            if due(settings.checkpoint_every) && !trainer.is_done() {
                save(store, &mut trainer).await?;
                tell(&trainer, &pace, &mut told);
            }
            if due(settings.preview_every) {
                if self.snapshots.len() < SNAPSHOTS {
                    let delta = trainer.finish(&now()).await?;
                    self.snapshots.push((step, delta));
                }
                self.give_back().await?;
                let outcome = self.preview(&trainer, away).await;
                self.give_back().await?;
                match outcome {
                    Err(Error::Cancelled) => {
                        stopped = true;
                        break;
                    }
                    outcome => outcome?,
                }
            }
        }
        if trainer.step_count() > 0 {
            let delta = trainer.finish(&now()).await?;
            self.take_delta(Origin::Trained, &delta)?;
        }
        // The delta holds what was learned, so the run is over, stopped or not.
        if let Err(error) = store.discard().await {
            warn(error.to_string());
        }
        if stopped {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    async fn preview(&self, trainer: &Trainer, away: Option<&Away>) -> Result<()> {
        let settings = trainer.settings();
        let request = GenerateSettings {
            prompt: preview_prompt(settings),
            seed: settings.seed,
            steps: PREVIEW_STEPS,
            ..GenerateSettings::default()
        };
        let watch = self.watch(Task::Generate);
        let mut on_step = async |_: usize, _: usize| watch.step_unseen().await;
        let made = match away {
            None => {
                let loaded = self.loaded()?;
                let Some(decomposed) = &loaded.decomposed else {
                    return Ok(());
                };
                trainer
                    .preview(&loaded.base, decomposed, &request, &mut on_step)
                    .await
            }
            Some(Away {
                onlooker: Some(onlooker),
                ..
            }) => {
                trainer
                    .preview_alone(onlooker, &request, &mut on_step)
                    .await
            }
            Some(_) => return Ok(()),
        };
        let picture = watch.outcome(made)?.picture(0)?;
        post(&Event::Preview {
            step: trainer.step_count(),
            picture: pixels(&picture),
        });
        Ok(())
    }
}

/// ISO 8601.
pub(crate) fn now() -> String {
    js_sys::Date::new_0().to_iso_string().into()
}

/// Posts the losses that were read since the last call.
fn tell(trainer: &Trainer, pace: &Pace, told: &mut usize) {
    let total = trainer.settings().steps;
    for loss in trainer.losses().iter().skip(*told) {
        post(&Event::Step {
            step: loss.step,
            total,
            loss: loss.total,
            steps_per_second: pace.steps_per_second(),
            seconds_left: pace.seconds_left(total.saturating_sub(loss.step)),
        });
    }
    *told = trainer.losses().len();
}

/// Saves the run; a save that fails is a warning, because the run itself is well.
async fn save(store: &Rc<Slots<Store>>, trainer: &mut Trainer) -> Result<()> {
    let checkpoint = trainer.checkpoint().await?;
    match store.save(&checkpoint.to_bytes()?).await {
        // In memory it would be gone with the tab: not what the person is promised.
        Ok(()) if matches!(store.disk(), Store::Browser { .. }) => post(&Event::Checkpoint {
            step: checkpoint.step,
        }),
        Ok(()) => {}
        Err(error) => warn(format!(
            "The training goes on, but it was not saved at step {}: {error}",
            checkpoint.step
        )),
    }
    Ok(())
}

/// The run that the store holds, if it belongs to this base.
pub(crate) async fn unfinished(store: &Slots<Store>, base_hash: &str) -> Option<Checkpoint> {
    let checkpoint = match store.load().await {
        Ok(None) => return None,
        Ok(Some(bytes)) => Checkpoint::from_bytes(&bytes),
        Err(error) => Err(error),
    };
    match checkpoint {
        Ok(checkpoint) => checkpoint
            .check_base(base_hash)
            .is_ok()
            .then_some(checkpoint),
        Err(error) => {
            warn(format!(
                "A training run was not finished on the last visit, but it cannot be taken up again. {error}"
            ));
            None
        }
    }
}
