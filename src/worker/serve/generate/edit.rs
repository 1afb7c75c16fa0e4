//! Edits one picture by its prompt.

use crate::config::EditConfig;
use crate::edit::edit as invert_and_sample;
use crate::error::Result;
use crate::picture::Picture;
use crate::spectral::LayerSelection;
use crate::train::{StepReport, Subject, TrainHooks, Trainer};
use crate::worker::protocol::{EditRequest, Event, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::{decompose, decomposed};
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::model::loaded::LearnedPicture;
use crate::worker::serve::model::plan::plan_training;
use crate::worker::serve::pictures::PictureStore;
use crate::worker::serve::pictures::handlers::pixels;

/// Learns a picture by its prompt, inverts it and samples with the target prompt.
///
/// # Errors
/// `Settings` for settings that cannot work, `Picture` if the picture is gone, `Decomposition`,
/// `Device`, `Cancelled`.
pub(crate) async fn edit(
    cx: &Context,
    model: &mut ModelStore,
    pictures: &mut PictureStore,
    request: EditRequest,
) -> Result<()> {
    let config = request.config;
    config.check()?;
    let size = model.picture_size()?;
    let picture = pictures.model_pixels(request.picture, size)?;
    let show = |personalised: bool, picture: &Picture| {
        cx.post(Event::Generated {
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
        learn(cx, model, &picture, &config, total).await?;
    }
    let loaded = model.loaded()?;
    let tuned = match &loaded.learned {
        Some(learned) if learning > 0 => {
            Some(decomposed(model)?.bake(&loaded.base, &[(&learned.delta, 1.0)])?)
        }
        _ => None,
    };
    let base = tuned.as_ref().unwrap_or(&loaded.base);
    let observer = model.observer(cx, Task::Generate);
    let mut on_step = async |done: usize, _: usize| observer.step(learning + done, total).await;
    let edited = invert_and_sample(base, &base.unet, &picture, &config, &mut on_step).await;
    let edited = observer.outcome(edited)?;
    cx.post(Event::Edited {
        id: request.id,
        lost: edited.lost,
    });
    show(true, &edited.edited.picture(0)?);
    Ok(())
}

/// Trains on one picture with its prompt as it is and without a prior loss. `total` counts the steps of
/// the whole edit.
async fn learn(
    cx: &Context,
    model: &mut ModelStore,
    picture: &[f32],
    config: &EditConfig,
    total: usize,
) -> Result<()> {
    let training = config.training().validated()?;
    let known = model.loaded()?.learned.as_ref();
    if known.is_some_and(|known| known.serves(picture, &training)) {
        return Ok(());
    }
    let plan = plan_training(model, &training)?;
    let selection = LayerSelection::for_training(training.layers, training.train_text_encoder);
    decompose(cx, model, &selection).await?;
    cx.begin(Task::Generate);
    let base = &model.loaded()?.base;
    let subject = Subject::new(vec![picture.to_vec()], base.picture_size())?;
    let observer = model.observer(cx, Task::Generate);
    let mut prepared = async |_: usize, _: usize| observer.step_unseen().await;
    let trainer = Trainer::new(
        base,
        decomposed(model)?,
        &[subject],
        training,
        &mut prepared,
    )
    .await;
    let mut trainer = observer.outcome(trainer)?;
    trainer.recompute(plan.requested_strategy.recompute);
    trainer.run(&mut Learning { cx, total }).await?;
    let delta = trainer.finish(&cx.now()).await?;
    model.loaded_mut()?.learned = Some(LearnedPicture {
        picture: picture.to_vec(),
        training: trainer.config().clone(),
        delta,
    });
    Ok(())
}

/// Reports the steps of the training on a picture.
struct Learning<'a> {
    cx: &'a Context,
    /// The steps of the whole edit.
    total: usize,
}

impl TrainHooks for Learning<'_> {
    async fn before_step(&mut self) -> Result<()> {
        self.cx.between().await
    }

    async fn on_step(&mut self, _: &Trainer, report: &StepReport) -> Result<()> {
        self.cx.progress(Task::Generate, report.step, self.total);
        Ok(())
    }
}
