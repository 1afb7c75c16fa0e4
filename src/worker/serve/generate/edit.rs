//! One picture, edited by its prompt.

use crate::edit::{EditSettings, edit};
use crate::error::Result;
use crate::picture::Picture;
use crate::spectral::LayerSelection;
use crate::spectral::delta::Delta;
use crate::train::{Subject, TrainSettings, Trainer};
use crate::worker::protocol::{EditRequest, Event, Task};
use crate::worker::serve::generate::pictures::pixels;
use crate::worker::serve::page::{self, post};
use crate::worker::serve::runs::train::now;
use crate::worker::serve::session::Session;

/// Edits of the same picture, with the same prompt, learn it once.
pub(crate) struct Learned {
    picture: Vec<f32>,
    prompt: String,
    steps: usize,
    delta: Delta,
}

impl Session {
    /// Learns a picture by its prompt, inverts it and samples with the target.
    ///
    /// # Errors
    /// `Settings` for settings that cannot work, `Picture` if it is gone, `Decomposition`,
    /// `Device`, `Cancelled`.
    pub(crate) async fn edit(&mut self, request: EditRequest) -> Result<()> {
        let settings = EditSettings {
            prompt: request.prompt,
            target: request.target,
            steps: request.steps,
            guidance_scale: request.guidance_scale,
            eta: request.eta,
            slerp: request.slerp,
            seed: request.seed,
            ..EditSettings::default()
        };
        settings.check()?;
        let size = self.picture_size()?;
        let picture = self.pictures.model_pixels(request.picture, size)?;
        let show = |personalised: bool, picture: &Picture| {
            post(&Event::Generated {
                id: request.id,
                personalised,
                pictures: vec![pixels(picture)],
            });
        };
        let unit: Vec<f32> = picture.iter().map(|value| value * 0.5 + 0.5).collect();
        show(false, &Picture::from_unit(&unit, size, size)?);
        let learning = request.train_steps;
        let total = learning + 3 * settings.steps;
        if learning > 0 {
            self.learn(&picture, &settings, learning, total).await?;
        }
        let loaded = self.loaded()?;
        let tuned = match (&self.learned, &loaded.decomposed) {
            (Some(learned), Some(decomposed)) if learning > 0 => {
                Some(decomposed.bake(&loaded.base, &[(&learned.delta, 1.0)])?)
            }
            _ => None,
        };
        let base = tuned.as_ref().unwrap_or(&loaded.base);
        let watch = self.watch(Task::Generate);
        let mut on_step = async |done: usize, _: usize| watch.step(learning + done, total).await;
        let edited = edit(base, &base.unet, &picture, &settings, &mut on_step).await;
        let edited = watch.outcome(edited)?;
        post(&Event::Edited {
            id: request.id,
            lost: edited.lost,
        });
        show(true, &edited.edited.picture(0)?);
        Ok(())
    }

    /// Trains on one picture: its prompt as it is, nothing to keep the class apart from.
    async fn learn(
        &mut self,
        picture: &[f32],
        settings: &EditSettings,
        steps: usize,
        total: usize,
    ) -> Result<()> {
        let known = self.learned.as_ref();
        if known.is_some_and(|known| {
            known.picture == picture && known.prompt == settings.prompt && known.steps == steps
        }) {
            return Ok(());
        }
        let training =
            TrainSettings::one_picture(&settings.prompt, steps, settings.seed).validated()?;
        let plan = self.plan_training(&training)?;
        let selection = LayerSelection::for_training(training.layers, training.text_encoder);
        self.decompose(&selection).await?;
        page::begin(Task::Generate);
        let loaded = self.loaded()?;
        let Some(decomposed) = &loaded.decomposed else {
            return Ok(());
        };
        let subject = Subject::new(vec![picture.to_vec()], loaded.base.picture_size())?;
        let watch = self.watch(Task::Generate);
        let mut prepared = async |_: usize, _: usize| watch.step_unseen().await;
        let trainer = Trainer::new(
            &loaded.base,
            decomposed,
            &[subject],
            training,
            &mut prepared,
        )
        .await;
        let mut trainer = watch.outcome(trainer)?;
        trainer.recompute(plan.as_asked.recompute);
        while !trainer.is_done() {
            self.control.between().await?;
            let report = trainer.step().await?;
            page::progress(Task::Generate, report.step, total);
        }
        let delta = trainer.finish(&now()).await?;
        self.learned = Some(Learned {
            picture: picture.to_vec(),
            prompt: settings.prompt.clone(),
            steps,
            delta,
        });
        Ok(())
    }
}
