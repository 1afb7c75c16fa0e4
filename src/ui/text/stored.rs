//! The gallery, the library, metadata of files.

use super::format::{bytes, count, shorten};
use super::generate::sampler;
use crate::worker::protocol::GenerateRequest;

pub const LIBRARY_TITLE: &str = "Your deltas";
pub const GALLERY_TITLE: &str = "Your pictures";
pub const OPEN: &str = "Open";
pub const DELETE: &str = "Delete";
pub const DELETE_ALL: &str = "Delete all pictures";
pub const REALLY: &str = "Really?";
pub const FOREIGN: &str = "For another base than the one that is loaded.";
pub const KEEP_PICTURES: &str = "Keep every picture here";
pub const MAKE_AGAIN: &str = "Make again";
pub const DELTA_GONE: &str = "A delta of this picture is not in your library any more, so it cannot be made again. Open the delta's file first.";
pub const DESCRIBED: &str = "Saved. The delta's file has the new words.";
pub const STORAGE_NOTHING: &str = "This browser keeps nothing here, as in a private window: download what you want to keep before you close the tab.";
pub const PERSIST: &str = "Ask the browser never to clear it";
pub const NOT_PERSISTED: &str = "The browser did not promise it. It usually does for sites that are visited often or installed; download what you want to be sure of.";

pub const WORDS_SUMMARY: &str = "Name and licence";
pub const WORDS_TITLE: &str = "Name";
pub const WORDS_AUTHOR: &str = "Made by";
pub const WORDS_LICENCE: &str = "Licence, such as CC-BY-4.0";
pub const WORDS_DESCRIPTION: &str = "Description";
pub const WORDS_HINT: &str =
    "They are written into the delta's file, and everybody who gets it reads them.";
pub const WORDS_SAVE: &str = "Save the words";

/// The browser could not store something.
pub fn not_stored(why: &str) -> String {
    format!(
        "This could not be kept in the browser ({}). It is still on the page: download it before you close the tab.",
        shorten(why, 200)
    )
}

pub fn show_all(pictures: usize) -> String {
    format!("Show all {}", count(pictures, "picture"))
}

pub fn open_label(title: &str) -> String {
    format!("Open {title}")
}

pub fn delete_label(title: &str) -> String {
    format!("Delete {title}")
}

/// The label of a delete button that was pressed once.
pub fn really(label: &str) -> String {
    format!("{REALLY} {label}")
}

pub fn kept_label(prompt: &str, seed: u64) -> String {
    format!("{prompt}, seed {seed}")
}

pub fn again_label(label: &str) -> String {
    format!("Make again: {label}")
}

/// The label of a button that downloads a picture.
pub fn png_label(label: &str) -> String {
    format!("PNG of {label}")
}

/// The storage in use.
pub fn storage(used: f64, quota: f64, persisted: bool) -> String {
    let kept = if persisted {
        "The browser keeps it until you delete it."
    } else {
        "The browser may clear it when the disk runs full."
    };
    format!(
        "This site uses {} in this browser, of {} that it may. {kept}",
        bytes(used as usize),
        gigabytes(quota)
    )
}

fn gigabytes(quota: f64) -> String {
    if quota >= 1e9 {
        format!("{:.1} GB", quota / 1e9)
    } else {
        bytes(quota as usize)
    }
}

/// The settings of a picture, in the format that other programs write into PNG files.
pub fn parameters(request: &GenerateRequest, titles: &[String]) -> String {
    let negative = match request.config.negative_prompt.as_str() {
        "" => String::new(),
        words => format!("\nNegative prompt: {words}"),
    };
    let strengths: Vec<String> = request
        .deltas
        .iter()
        .enumerate()
        .map(|(index, of)| {
            let title = titles.get(index).map_or("delta", String::as_str);
            format!(", {title}: {:.2}", of.strength)
        })
        .collect();
    format!(
        "{}{negative}\nSteps: {}, Sampler: {}, CFG scale: {}, Seed: {}{}",
        request.config.prompt,
        request.config.num_inference_steps,
        sampler(request.config.sampler),
        request.config.guidance_scale,
        request.config.seed,
        strengths.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_said_in_numbers_that_are_read_at_a_glance() {
        assert_eq!(
            storage(18.4e6, 2.1e9, false),
            "This site uses 18.4 MB in this browser, of 2.1 GB that it may. The browser may clear it when the disk runs full."
        );
        assert!(storage(0.0, 5e8, true).contains("500.0 MB"));
    }
}
