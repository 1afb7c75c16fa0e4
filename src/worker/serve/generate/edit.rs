//! One picture, edited by its prompt.

use crate::config::{EditConfig, TrainConfig};
use crate::edit::edit;
use crate::error::Result;
use crate::picture::Picture;
use crate::spectral::LayerSelection;
use crate::spectral::delta::Delta;
use crate::train::{Subject, Trainer};
use crate::worker::protocol::{EditRequest, Event, Task};
use crate::worker::serve::generate::pictures::pixels;
use crate::worker::serve::page::{self, post};
use crate::worker::serve::runs::train::now;
use crate::worker::serve::session::Session;

/// Edits of the same picture, with the same prompt, learn it once.
pub(crate) struct Learned {
    picture: Vec<f32>,
    training: TrainConfig,
    delta: Delta,
}

impl Learned {
    /// Whether an edit that wants this training can use the delta. The seed may differ.
    fn serves(&self, picture: &[f32], training: &TrainConfig) -> bool {
        let training = TrainConfig {
            seed: self.training.seed,
            ..training.clone()
        };
        self.picture == picture && self.training == training
    }
}

impl Session {
    /// Learns a picture by its prompt, inverts it and samples with the target.
    ///
    /// # Errors
    /// `Settings` for settings that cannot work, `Picture` if it is gone, `Decomposition`,
    /// `Device`, `Cancelled`.
    pub(crate) async fn edit(&mut self, request: EditRequest) -> Result<()> {
        let config = request.config;
        config.check()?;
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
        let learning = config.max_train_steps;
        let total = learning + 3 * config.num_inference_steps;
        if learning > 0 {
            self.learn(&picture, &config, total).await?;
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
        let edited = edit(base, &base.unet, &picture, &config, &mut on_step).await;
        let edited = watch.outcome(edited)?;
        post(&Event::Edited {
            id: request.id,
            lost: edited.lost,
        });
        show(true, &edited.edited.picture(0)?);
        Ok(())
    }

    /// Trains on one picture: its prompt as it is, nothing to keep the class apart from.
    async fn learn(&mut self, picture: &[f32], config: &EditConfig, total: usize) -> Result<()> {
        let training = config.training().validated()?;
        let known = self.learned.as_ref();
        if known.is_some_and(|known| known.serves(picture, &training)) {
            return Ok(());
        }
        let plan = self.plan_training(&training)?;
        let selection = LayerSelection::for_training(training.layers, training.train_text_encoder);
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
            training: trainer.config().clone(),
            delta,
        });
        Ok(())
    }
}
