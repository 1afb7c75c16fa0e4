//! Every word of the page, in one place, ready for translation.
//!
//! The head of `index.html` repeats [`NAME`], [`TAGLINE`] and the card titles, because it is
//! painted before this code has come; a test below holds them together.

use crate::{
    error::Error,
    worker::protocol::{DeviceKind, Difference, Task},
};

pub const NAME: &str = "DeltaBooth";
pub const TAGLINE: &str = "A few pictures teach a picture model your subject, in this tab. No picture leaves your machine.";
pub const MAIN_LABEL: &str = "Gather, train, use";
pub const DROP_ANYWHERE: &str = "Drop pictures or a delta anywhere";

pub const ENGINE_STARTING: &str = "Starting the engine…";
pub const DEVICE_CHOOSING: &str = "Choosing a device…";
pub const ENGINE_FAILED: &str = "The engine is not running. What you gathered is still here.";
pub const RESTART: &str = "Start the engine again";

pub const CHECK_DEVICE: &str = "Check it";
pub const CHECK_DEVICE_TITLE: &str =
    "Hold what this device computes against the numbers of diffusers, the reference library";

pub const SUBJECT_TITLE: &str = "Your subject";
pub const SUBJECT_LEAD: &str =
    "Three to five pictures of one thing work well: different views and grounds.";
pub const DROP_HERE: &str = "Drop or paste pictures";
pub const CHOOSE_PICTURES: &str = "Choose pictures";
pub const PICTURE_KINDS: &str = "PNG, JPEG or WebP";
pub const SAMPLES_TITLE: &str = "Or take a sample subject";
pub const SAMPLES_CREDIT: &str =
    "Samples made from Twemoji, © Twitter, Inc and other contributors,";
pub const SAMPLES_LICENCE: &str = "CC-BY 4.0";
pub const TRY_IT: &str = "Try it";
pub const PICTURES_LABEL: &str = "Pictures of your subject";
pub const PICTURE_WAITING: &str = "Waiting for the engine";
pub const REMOVE: &str = "Remove";
pub const TOKEN: &str = "Identifier word";
pub const TOKEN_HINT: &str = "A made-up word that will mean your subject.";
pub const CLASS_WORD: &str = "What it is";
pub const CLASS_WORD_HINT: &str = "A plain word that the model knows, such as dog.";

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
pub const STAGE_PRIOR: &str = "Make class pictures";
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
pub const LEARNING_RATE_1D: &str = "Learning rate, norms";
pub const PRIOR_WEIGHT: &str = "Prior weight";
pub const PRIOR_IMAGES: &str = "Class pictures";
pub const SEED: &str = "Seed";
pub const PREVIEW_EVERY: &str = "Preview every … steps";
pub const CHECKPOINT_EVERY: &str = "Save every … steps";

pub const USE_TITLE: &str = "Use it";
pub const NO_DELTA: &str = "No delta is open: pictures will be the model's own.";
pub const OPEN_DELTA: &str = "Open a delta";
pub const DOWNLOAD_DELTA: &str = "Download the delta";
pub const CLOSE_DELTA: &str = "Close it";
pub const APPLY_ANYWAY: &str = "Apply anyway";
pub const LEAVE_IT: &str = "Leave it";
pub const OTHER_BASE: &str =
    "This delta was made for another base, so it will most likely give noise or other things here.";
pub const DELTA_WHILE_TRAINING: &str = "A delta cannot be opened while training runs. Stop the training or wait for its end, then open it again.";
pub const FOR_BASE: &str = "for";
pub const UNTITLED: &str = "Untitled delta";
pub const PROMPT: &str = "Prompt";
pub const PROMPT_IDEAS: &str = "Ideas for the prompt";
pub const NEGATIVE_PROMPT: &str = "Negative prompt";
pub const NEGATIVE_PROMPT_HINT: &str = "What the picture should not show";
pub const DICE: &str = "Roll a new seed";
pub const SAMPLING_STEPS: &str = "Steps";
pub const GUIDANCE: &str = "Guidance";
pub const STRENGTH: &str = "Strength of the delta";
pub const COUNT: &str = "Pictures";
pub const COMPARE: &str = "Beside the base's own";
pub const MORE_OPTIONS: &str = "More options";
pub const GENERATE: &str = "Generate";
pub const CANCEL: &str = "Stop";
pub const RESULTS_LABEL: &str = "Pictures made";
pub const RESULTS_EMPTY: &str = "Your pictures will appear here.";
pub const RESULT_WAITING: &str = "On its way…";
pub const RESULT_STOPPED: &str = "Stopped before it was done.";
pub const BASE_CAPTION: &str = "Base";
pub const PERSONALISED_CAPTION: &str = "Personalised";
pub const DOWNLOAD_PNG: &str = "PNG";

pub const MESSAGES_LABEL: &str = "Messages";
pub const DISMISS: &str = "Dismiss";
pub const SAMPLE_FAILED: &str = "The sample pictures could not be fetched. Check the connection and press again, or use pictures of your own.";
pub const OTHER_ORIGIN: &str = "The address asks for a base on another site. Only bases from this page's own site are loaded, so the built-in one is used.";
pub const PICTURE_SAVE_FAILED: &str = "This browser could not write the picture as PNG. Try once more, or save it from the picture's context menu.";

/// Scenes that the embedded base knows, as the ends of prompts.
pub const SCENES: [&str; 9] = [
    "in space",
    "on grass",
    "in the snow",
    "at night",
    "on a beach",
    "in the desert",
    "under water",
    "in the sky",
    "on a blue background",
];

/// Things that the embedded base knows.
pub const KNOWN_THINGS: [&str; 73] = [
    "airplane",
    "alien",
    "apple",
    "balloon",
    "banana",
    "bear",
    "bee",
    "boot",
    "bus",
    "butterfly",
    "cactus",
    "cake",
    "car",
    "carrot",
    "castle",
    "cat",
    "chicken",
    "cloud",
    "coffee",
    "cow",
    "crab",
    "crown",
    "diamond",
    "dinosaur",
    "dog",
    "doughnut",
    "elephant",
    "fire",
    "fox",
    "frog",
    "ghost",
    "gift",
    "guitar",
    "hamburger",
    "house",
    "ice cream",
    "key",
    "koala",
    "ladybug",
    "lion",
    "monkey",
    "moon",
    "mouse",
    "mushroom",
    "octopus",
    "orange",
    "owl",
    "panda",
    "penguin",
    "pig",
    "pineapple",
    "pizza",
    "rabbit",
    "robot",
    "rocket",
    "sailboat",
    "soccer ball",
    "strawberry",
    "sun",
    "sunflower",
    "teddy bear",
    "tent",
    "tiger",
    "top hat",
    "train",
    "tree",
    "tropical fish",
    "tulip",
    "turtle",
    "ufo",
    "umbrella",
    "unicorn",
    "watermelon",
];

/// 'photo of a sks robot in space'.
pub fn prompt(token: &str, class_word: &str, scene: &str) -> String {
    let words = [token.trim(), class_word.trim()]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("photo of {article} {words} {scene}")
        .trim()
        .to_owned()
}

/// The line under the heading: which device, and why.
pub fn device(kind: DeviceKind, name: &str, reason: &str) -> (String, String) {
    let what = match kind {
        DeviceKind::Gpu => "WebGPU",
        DeviceKind::Cpu => "CPU",
    };
    let name = name.trim();
    let place = if name.is_empty() || name.eq_ignore_ascii_case(what) {
        what.to_owned()
    } else {
        format!("{name} ({what})")
    };
    let reason = reason.trim().trim_end_matches('.');
    let reason = reason.strip_prefix("because ").unwrap_or(reason);
    (
        format!("Runs on: {place}"),
        if reason.is_empty() {
            String::new()
        } else {
            format!(" because {reason}")
        },
    )
}

/// 'Checking, 40 %'.
pub fn checking(percent: u64) -> String {
    format!("Checking the device, {percent} %")
}

/// What a check of the device found, and whether it may be trusted.
pub fn checked(differences: &[Difference], tolerance: f32) -> (String, bool) {
    let worst = differences
        .iter()
        .max_by(|a, b| a.relative_l2.total_cmp(&b.relative_l2));
    let Some(worst) = worst else {
        return (String::new(), false);
    };
    // Written so that NaN is not trusted.
    let trusted = worst.relative_l2 <= tolerance;
    let far = format!("{:.1e} ({})", worst.relative_l2, worst.part);
    let text = if trusted {
        format!("It computes what diffusers computes, to {far} at worst.")
    } else {
        format!(
            "It does not compute what diffusers computes: it is off by {far}, and at most {tolerance:.0e} is rounding. Its pictures cannot be trusted: update the graphics driver, or add ?device=cpu to the page's address."
        )
    };
    (text, trusted)
}

/// What pressing Train will do.
pub fn train_plan(
    steps: usize,
    pictures: usize,
    token: &str,
    class_word: &str,
    prior_images: usize,
) -> String {
    let prior = match prior_images {
        0 => String::new(),
        1 => format!(" One picture of a plain {class_word} keeps it from forgetting the others."),
        n => format!(" {n} pictures of a plain {class_word} keep it from forgetting the others."),
    };
    format!(
        "{steps} steps on {}, so that “{token} {class_word}” means yours.{prior}",
        count(pictures, "picture")
    )
}

/// '1 picture', '4 pictures'.
pub fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// An unfinished run that waits in this browser.
pub fn unfinished(token: &str, class_word: &str, step: usize, steps: usize) -> String {
    format!("A run of “{token} {class_word}” stands at step {step} of {steps}.")
}

/// What the loss chart shows, in words.
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

/// '2 min 05 s'.
pub fn duration(seconds: f32) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// '38 KB', '1.7 MB'.
pub fn bytes(n: usize) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.0} KB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

/// '18,760 numbers'.
pub fn numbers(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if n == 1 { "number" } else { "numbers" })
}

/// The day of an ISO 8601 time; other text is only cut.
pub fn day(date: &str) -> String {
    shorten(date.split('T').next().unwrap_or(date), 40)
}

/// 'Loading the model, 40 %'.
pub fn loading(percent: u64) -> String {
    format!("Loading the model, {percent} %")
}

pub fn sample_label(thing: &str) -> String {
    format!("Take the sample {thing}")
}

pub fn try_it_hint(thing: &str) -> String {
    format!("Trains on the sample {thing} and shows it in three scenes.")
}

pub fn picture_label(number: usize) -> String {
    format!("Picture {number} of your subject, as training sees it")
}

pub fn remove_picture(number: usize) -> String {
    format!("Remove picture {number}")
}

pub fn crop_picture(number: usize) -> String {
    format!("Move the crop of picture {number}")
}

pub fn preview_caption(step: usize) -> String {
    format!("Step {step}")
}

pub fn preview_label(step: usize) -> String {
    format!("Preview at step {step}")
}

pub fn saved_at(step: usize) -> String {
    format!("Saved in this browser at step {step}.")
}

pub fn result_label(caption: &str, prompt: &str, seed: u64) -> String {
    format!("{caption}: {prompt}, seed {seed}")
}

pub fn result_settings(seed: u64, strength: Option<f32>) -> String {
    match strength {
        Some(strength) => format!("seed {seed}, strength {strength:.2}"),
        None => format!("seed {seed}"),
    }
}

pub fn download_result(caption: &str, number: usize) -> String {
    format!("Download picture {number}, {caption}, as PNG")
}

pub fn trained() -> String {
    "Trained. The delta is open: make pictures with it, and download it to keep it.".to_owned()
}

pub fn delta_opened() -> String {
    "The delta is open.".to_owned()
}

pub fn wrong_file(name: &str) -> String {
    format!(
        "“{}” is neither a picture (PNG, JPEG, WebP) nor a delta (.safetensors), so it was left alone.",
        shorten(name, 80)
    )
}

pub fn too_large(name: &str, limit: usize) -> String {
    format!(
        "“{}” was not opened: it is larger than {}. Choose a smaller file.",
        shorten(name, 80),
        bytes(limit)
    )
}

pub fn unreadable(name: &str) -> String {
    format!(
        "“{}” could not be read. It may have been moved or deleted since it was chosen; choose it again.",
        shorten(name, 80)
    )
}

pub fn too_many(limit: usize) -> String {
    format!("{limit} pictures are enough: the rest were left out. Remove some to add others.")
}

/// A failed piece of work, in the words of the engine.
pub fn failed(task: Task, error: &Error) -> String {
    let what = match task {
        Task::Load => "Loading the model failed.",
        Task::Decompose => "Taking the weights apart failed.",
        Task::Prior => "Making class pictures failed.",
        Task::Train => "Training failed.",
        Task::Generate => "Making pictures failed.",
        Task::OpenDelta => "The delta was not opened.",
        Task::Picture => "The picture was not taken in.",
        Task::Check => "The device was not checked.",
    };
    format!("{what} {}", shorten(&error.to_string(), 600))
}

/// At most `limit` characters of a text that came from outside, without control characters.
pub fn shorten(text: &str, limit: usize) -> String {
    let mut characters = text.chars().filter(|c| !c.is_control());
    let mut short: String = characters.by_ref().take(limit).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_trusted_up_to_rounding_and_never_with_nan() {
        let found = |values: [f32; 2]| {
            let differences =
                [("unet", values[0]), ("ddim", values[1])].map(|(part, relative_l2)| Difference {
                    part: part.into(),
                    relative_l2,
                });
            checked(&differences, 1e-3)
        };
        let (text, trusted) = found([3e-7, 2e-6]);
        assert!(trusted && text.contains("2.0e-6 (ddim)"), "{text}");
        for values in [[0.5, 1e-6], [1e-6, f32::NAN], [1e-6, f32::INFINITY]] {
            let (text, trusted) = found(values);
            assert!(!trusted && text.contains("cannot be trusted"), "{text}");
        }
        assert!(!checked(&[], 1e-3).1);
    }

    #[test]
    fn the_first_paint_has_the_same_words() {
        let html = include_str!("../../index.html");
        for words in [
            NAME,
            TAGLINE,
            ENGINE_STARTING,
            SUBJECT_TITLE,
            TRAIN_TITLE,
            USE_TITLE,
        ] {
            assert!(html.contains(words), "index.html lacks {words:?}");
        }
    }

    #[test]
    fn prompts_have_words_and_scene() {
        assert_eq!(
            prompt("sks", "robot", "in space"),
            "photo of a sks robot in space"
        );
        assert_eq!(prompt("", "owl ", "at night"), "photo of an owl at night");
    }

    #[test]
    fn times_are_read_at_a_glance() {
        assert_eq!(duration(7.4), "7 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(7260.0), "2 h 01 min");
        assert_eq!(duration(f32::NAN), "–");
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(numbers(18_760), "18,760 numbers");
        assert_eq!(numbers(1_000_000), "1,000,000 numbers");
        assert_eq!(numbers(1), "1 number");
    }

    #[test]
    fn outside_text_is_cut_and_has_no_control_characters() {
        assert_eq!(shorten("a\u{0}b\nc", 9), "abc");
        assert_eq!(shorten("ääää", 2), "ää…");
    }
}
