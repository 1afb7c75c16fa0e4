//! Card 2: training.

use super::format::{count, numbers};
use super::prompts::name;
use crate::config::{LayerPreset, LrScheduler, TimestepSampling};
use crate::worker::protocol::SubjectWords;

pub const TRAIN_TITLE: &str = "Train";
pub const TRAIN: &str = "Train";
pub const TRAIN_NEEDS_PICTURES: &str = "Add pictures first.";
pub const TRAIN_NEEDS_WORDS: &str = "Fill in both words first.";
pub const TRAIN_NEEDS_ENGINE: &str = "The engine is not running.";
pub const PAUSE: &str = "Pause";
pub const RESUME: &str = "Resume";
pub const STOP: &str = "Stop and keep";
pub const STOPPING: &str = "Stopping…";
pub const CONTINUE: &str = "Continue it";
pub const DISCARD: &str = "Discard it";
pub const STAGES_LABEL: &str = "Stages of the training";
pub const STAGE_DECOMPOSE: &str = "Take the model's weights apart";
pub const STAGE_PRIOR: &str = "Prepare the pictures";
pub const STAGE_TRAIN: &str = "Learn your subject";
pub const LOSS_TITLE: &str = "Loss";
pub const LOSS_EMPTY: &str = "The loss will be drawn here while it learns. It jumps from step to step; the thick line should sink.";
pub const LOSS_RAW: &str = "each step";
pub const LOSS_SMOOTH: &str = "smoothed";
pub const STEP: &str = "Step";
pub const SPEED: &str = "Steps per second";
pub const TIME_LEFT: &str = "Time left";
pub const PREVIEWS_LABEL: &str = "Previews while it learns";

pub const ADVANCED: &str = "Advanced settings";
pub const STEPS: &str = "Steps";
pub const LEARNING_RATE: &str = "Learning rate, weights";
pub const LEARNING_RATE_HINT: &str = "How far each step goes. Too high, and scenes are lost.";
pub const LEARNING_RATE_1D: &str = "Learning rate, norms";
pub const LEARNING_RATE_1D_HINT: &str = "The same for the layers that set brightness and contrast.";
pub const PRIOR_WEIGHT: &str = "Prior weight";
pub const PRIOR_WEIGHT_HINT: &str =
    "How much keeping the plain class counts beside learning yours; 0 turns it off.";
pub const PRIOR_IMAGES: &str = "Class pictures";
pub const PRIOR_IMAGES_HINT: &str = "Pictures of the plain class that the model makes for that.";
pub const LAYERS: &str = "Layers to train";
pub const MIX_PROBABILITY: &str = "Collages, share of steps";
pub const MIX_PROBABILITY_HINT: &str = "With two subjects or more: how often two are seen at once.";
pub const UNMIX_WEIGHT: &str = "Unmix weight";
pub const UNMIX_WEIGHT_HINT: &str = "Keeps each subject's words on its own half of a collage.";
pub const SCHEDULE: &str = "Learning rate over the run";
pub const SCHEDULE_HINT: &str = "A rate that falls to 0 settles details at the end.";
pub const TIMESTEPS: &str = "How timesteps are drawn";
pub const TIMESTEPS_HINT: &str = "How each sample's amount of noise is drawn.";
pub const BATCH: &str = "Pictures in one step";
pub const BATCH_HINT: &str = "More are steadier, and take that much longer.";
pub const PRIOR_BATCH: &str = "Class pictures in one step";
pub const PRIOR_BATCH_HINT: &str = "Of them, how many are held against the plain class.";
pub const MIN_SNR: &str = "min-SNR γ, 0 for none";
pub const MIN_SNR_HINT: &str = "Counts nearly clean pictures for less; 5 is usual.";
pub const EMA: &str = "Average of the shifts, decay";
pub const EMA_HINT: &str = "0.98 is about the last fifty steps, 0 keeps the last one.";
pub const FLIP: &str = "Show each picture mirrored too";
pub const CAPTION_SINGLE: &str = "Caption of a picture";
pub const CAPTION_LEFT_RIGHT: &str = "Caption of a collage, side by side";
pub const CAPTION_TOP_BOTTOM: &str = "Caption of a collage, one above the other";
pub const CAPTION_TOGETHER: &str = "Caption of every other collage";
pub const CLASS_SCENES: &str = "Scenes of the class pictures";
pub const CAPTIONS_HINT: &str = "{a} and {b} stand for the subjects. Scenes have commas between them; nothing between two commas is the class alone.";
pub const SEED: &str = "Seed";
pub const TRAIN_SEED_HINT: &str = "All chance follows from it: the same number, the same run.";
pub const PREVIEW_EVERY: &str = "Preview every … steps";
pub const PREVIEW_EVERY_HINT: &str = "0 makes none and is a little faster.";
pub const CHECKPOINT_EVERY: &str = "Save every … steps";
pub const CHECKPOINT_EVERY_HINT: &str = "A reload goes on from the last save.";

/// A schedule of the learning rate.
pub fn schedule(schedule: LrScheduler) -> &'static str {
    match schedule {
        LrScheduler::Constant => "Constant",
        LrScheduler::Cosine => "Cosine, down to 0",
        LrScheduler::Linear => "Linear, down to 0",
    }
}

/// A distribution of timesteps.
pub fn timesteps(timesteps: TimestepSampling) -> &'static str {
    match timesteps {
        TimestepSampling::Uniform => "Each by itself",
        TimestepSampling::Stratified => "Evenly over the schedule",
        TimestepSampling::Antithetic => "In mirrored pairs",
    }
}

/// The switch that trains the text encoder, with the number of its shifts.
pub fn text_encoder(shifts: usize) -> String {
    match shifts {
        0 => "Train the text encoder too".to_owned(),
        shifts => format!("Train the text encoder too: {}", numbers(shifts)),
    }
}

/// What training will do; `subjects` with the numbers of their pictures.
pub fn train_plan(
    steps: usize,
    subjects: &[(SubjectWords, usize)],
    prior_images: usize,
    collages: bool,
) -> String {
    let of: Vec<String> = subjects
        .iter()
        .map(|(words, pictures)| format!("{} of “{}”", count(*pictures, "picture"), name(words)))
        .collect();
    let prior = match (prior_images, subjects) {
        (0, _) => String::new(),
        (1, [(words, _)]) => format!(
            " One picture of a plain {} keeps it from forgetting the others.",
            words.class_word
        ),
        (n, [(words, _)]) => format!(
            " {n} pictures of a plain {} keep it from forgetting the others.",
            words.class_word
        ),
        (n, _) => format!(" {n} of each plain class keep it from forgetting the others."),
    };
    format!(
        "{steps} steps on {}{}.{prior}",
        of.join(" and "),
        if collages {
            ", and collages of them"
        } else {
            ""
        }
    )
}

/// A subject without pictures.
pub fn subject_needs_pictures(number: usize) -> String {
    format!("Subject {number} has no pictures yet: add some, or remove it.")
}

pub fn subject_needs_words(number: usize) -> String {
    format!("Fill in both words of subject {number}.")
}

pub fn same_identifier(token: &str) -> String {
    format!(
        "Two subjects have the identifier word “{token}”, so they could not be told apart. Change one."
    )
}

/// An unfinished run in this browser; `subjects` are their names.
pub fn unfinished(subjects: &str, step: usize, steps: usize) -> String {
    format!("A run of “{subjects}” stands at step {step} of {steps}.")
}

/// 'Keys and values of cross-attention: 18,816 numbers'.
pub fn preset(preset: LayerPreset, shifts: usize) -> String {
    let label = match preset {
        LayerPreset::All => "All layers",
        LayerPreset::CrossAttention => "Cross-attention",
        LayerPreset::KeyValue => "Keys and values of cross-attention",
        LayerPreset::OneD => "1-D: norms",
        LayerPreset::TwoD => "2-D: linear layers",
        LayerPreset::FourD => "4-D: convolutions",
        LayerPreset::Up => "Up blocks",
        LayerPreset::Down => "Down blocks",
        LayerPreset::Mid => "Middle block",
        LayerPreset::UpCrossAttention => "Cross-attention, up blocks",
        LayerPreset::DownCrossAttention => "Cross-attention, down blocks",
        LayerPreset::MidCrossAttention => "Cross-attention, middle block",
    };
    format!("{label}: {}", numbers(shifts))
}

/// A summary of the loss chart.
pub fn loss_summary(step: usize, first: f32, now: f32) -> String {
    let course = if now < first * 0.97 {
        "It has fallen"
    } else if now > first * 1.03 {
        "It has risen"
    } else {
        "It has stayed"
    };
    format!("Smoothed loss at step {step}: {now:.3}. {course} from {first:.3} at the start.")
}

pub fn preview_caption(step: usize) -> String {
    format!("Step {step}")
}

pub const KEEP_PREVIEW: &str = "Keep";
pub const PREVIEW_KEPT: &str =
    "The delta of that step is open, at strength 1; the others are at 0 now.";

/// The estimated duration.
pub fn estimate(seconds: Option<f32>) -> String {
    match seconds {
        Some(seconds) => format!(
            "About {} on this device.",
            super::duration(rounded(seconds))
        ),
        None => "The first steps will tell how long it takes.".to_owned(),
    }
}

/// A duration, rounded to the precision of an estimate.
fn rounded(seconds: f32) -> f32 {
    match seconds {
        s if s < 20.0 => s.ceil(),
        s if s < 120.0 => (s / 10.0).ceil() * 10.0,
        s => (s / 30.0).ceil() * 30.0,
    }
}

/// The progress of training, for screen readers.
pub fn spoken_progress(percent: u64) -> String {
    format!("{percent} % of the training is done.")
}

pub fn keep_preview_label(step: usize) -> String {
    format!("Keep the delta of step {step}")
}

pub fn preview_label(step: usize) -> String {
    format!("Preview at step {step}")
}

pub fn saved_at(step: usize) -> String {
    format!("Saved in this browser at step {step}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_has_a_name_and_what_it_costs() {
        assert_eq!(
            preset(LayerPreset::All, 18_760),
            "All layers: 18,760 numbers"
        );
        assert_eq!(preset(LayerPreset::Mid, 1), "Middle block: 1 number");
    }

    #[test]
    fn the_plan_names_every_subject() {
        let subject = |token: &str, class_word: &str| SubjectWords::new(token, class_word);
        let both = [(subject("sks", "dog"), 4), (subject("olis", "cat"), 1)];
        assert_eq!(
            train_plan(400, &both, 8, true),
            "400 steps on 4 pictures of “sks dog” and 1 picture of “olis cat”, and collages of them. 8 of each plain class keep it from forgetting the others."
        );
        assert_eq!(
            train_plan(9, &both[..1], 0, false),
            "9 steps on 4 pictures of “sks dog”."
        );
    }
}
