//! A request's settings as the trainer's, and back.

use crate::error::{Error, Result};
use crate::train::dataset::collage::Layout;
use crate::train::{Checkpoint, TrainSettings};
use crate::worker::protocol::{Captions, SubjectWords, TrainRequest, UnfinishedRun};
use crate::worker::serve::pictures::words::{templates_of, words_of};

/// The largest whole number that JavaScript represents exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// The prompt of previews: the subject, or the first two of several together.
pub(crate) fn preview_prompt(settings: &TrainSettings) -> String {
    let templates = &settings.templates;
    match &settings.subjects[..] {
        [first, second, ..] => {
            let names = [first.name(), second.name()];
            let caption = templates.collage(Layout::LeftRight, true, [&names[0], &names[1]]);
            caption.text
        }
        [only] => templates.instance(only),
        [] => String::new(),
    }
}

/// The trainer's settings for this request.
///
/// # Errors
/// `Settings` if there is no such choice of layers.
pub(crate) fn settings_of(request: TrainRequest) -> Result<TrainSettings> {
    let layers = serde_json::Value::String(request.layers.clone());
    Ok(TrainSettings {
        subjects: words_of(&request.subjects),
        layers: serde_json::from_value(layers).map_err(|_| {
            Error::Settings(format!(
                "There is no choice of layers called '{}'. Choose one from the list.",
                request.layers
            ))
        })?,
        text_encoder: request.text_encoder,
        mix_probability: request.mix_probability,
        unmix_weight: request.unmix_weight,
        timesteps: request.timesteps,
        min_snr_gamma: request.min_snr_gamma,
        schedule: request.schedule,
        ema_decay: request.ema_decay,
        batch: request.batch,
        prior_batch: request.prior_batch,
        flip: request.flip,
        templates: templates_of(request.captions),
        steps: request.steps,
        learning_rate: request.learning_rate,
        learning_rate_1d: request.learning_rate_1d,
        prior_weight: request.prior_weight,
        prior_images: request.prior_images,
        seed: request.seed,
        preview_every: request.preview_every,
        checkpoint_every: request.checkpoint_every,
        ..TrainSettings::default()
    })
}

/// The request that began the run of this checkpoint, without its collages, which are in the run.
pub(crate) fn request_of(checkpoint: &Checkpoint) -> UnfinishedRun {
    let settings = checkpoint.settings.clone();
    let layers = serde_json::to_value(settings.layers).unwrap_or_default();
    let subjects = settings.subjects.into_iter().zip(0..);
    UnfinishedRun {
        request: TrainRequest {
            subjects: subjects
                .map(|(words, number)| SubjectWords {
                    number,
                    token: words.token,
                    class_word: words.class_word,
                })
                .collect(),
            layers: layers.as_str().unwrap_or_default().to_owned(),
            text_encoder: settings.text_encoder,
            mix_probability: settings.mix_probability,
            unmix_weight: settings.unmix_weight,
            timesteps: settings.timesteps,
            min_snr_gamma: settings.min_snr_gamma,
            schedule: settings.schedule,
            ema_decay: settings.ema_decay,
            batch: settings.batch,
            prior_batch: settings.prior_batch,
            flip: settings.flip,
            captions: Captions {
                single: settings.templates.single,
                left_right: settings.templates.left_right,
                top_bottom: settings.templates.top_bottom,
                together: settings.templates.together,
                class_scenes: settings.templates.class_scenes,
            },
            arranged: Vec::new(),
            steps: settings.steps,
            learning_rate: settings.learning_rate,
            learning_rate_1d: settings.learning_rate_1d,
            prior_weight: settings.prior_weight,
            prior_images: settings.prior_images,
            seed: settings.seed.min(MAX_SAFE),
            preview_every: settings.preview_every,
            checkpoint_every: settings.checkpoint_every,
        },
        step: checkpoint.step,
    }
}
