//! Every word of the page, in one place, ready for translation.
//!
//! | file | contents |
//! |---|---|
//! | this one | the page's header and the device |
//! | `subjects` | card 1 |
//! | `collages` | the strip of collages and its editor |
//! | `training` | card 2 |
//! | `generate` | card 3 |
//! | `combine` | combining and exporting deltas, editing a picture, attention maps |
//! | `stored` | the gallery and the library |
//! | `sharing` | links |
//! | `browser` | ways to begin, capabilities, camera |
//! | `models` | base models and their downloads |
//! | `custom_model` | the user's own base model |
//! | `memory` | memory of models and training |
//! | `messages` | notes, warnings, errors |
//! | `prompts` | prompts and what the embedded model knows |
//! | `format` | numbers, times, shortened text |
//!
//! `index.html` repeats [`NAME`], [`TAGLINE`] and the card titles, because it is painted before
//! this code is loaded; a test below compares them.

mod browser;
mod collages;
mod combine;
mod custom_model;
mod format;
mod generate;
mod memory;
mod messages;
mod models;
mod prompts;
mod sharing;
mod stored;
mod subjects;
mod training;

pub use browser::*;
pub use collages::*;
pub use combine::*;
pub use custom_model::*;
pub use format::*;
pub use generate::*;
pub use memory::*;
pub use messages::*;
pub use models::*;
pub use prompts::*;
pub use sharing::*;
pub use stored::*;
pub use subjects::*;
pub use training::*;

use crate::worker::protocol::{DeviceKind, Difference};

pub const NAME: &str = "DeltaBooth";
pub const TAGLINE: &str = "A few pictures teach a picture model your subject, in this tab. No picture leaves your machine.";
pub const MAIN_LABEL: &str = "Gather, train, use";
pub const DROP_ANYWHERE: &str = "Drop pictures or a delta anywhere";

pub const ENGINE_STARTING: &str = "Fetching the program and the model: about 18 MB, once…";
pub const DEVICE_CHOOSING: &str = "Choosing a device…";
pub const ENGINE_FAILED: &str = "The engine is not running. What you gathered is still here.";
pub const RESTART: &str = "Start the engine again";

pub const CHECK_DEVICE: &str = "Check it";
pub const CHECK_DEVICE_TITLE: &str =
    "Hold what this device computes against the numbers of diffusers, the reference library";

/// The device, and why it was chosen.
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

/// The result of a check of the device, and whether the device can be trusted.
pub fn checked(differences: &[Difference], tolerance: f32) -> (String, bool) {
    let worst = differences
        .iter()
        .max_by(|a, b| a.relative_l2.total_cmp(&b.relative_l2));
    let Some(worst) = worst else {
        return (String::new(), false);
    };
    // NaN compares as false, so it is not trusted.
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

/// 'Loading the model, 40 %'.
pub fn loading(percent: u64) -> String {
    format!("Loading the model, {percent} %")
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
        let html = include_str!("../../../index.html");
        for words in [
            NAME,
            TAGLINE,
            ENGINE_STARTING,
            HERO_ALT,
            WAY_SAMPLE,
            WAY_PICTURES,
            WAY_DELTA,
            SUBJECT_TITLE,
            TRAIN_TITLE,
            USE_TITLE,
        ] {
            assert!(html.contains(words), "index.html lacks {words:?}");
        }
    }
}
