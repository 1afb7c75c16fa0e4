//! Notes, warnings and errors.

use super::format::{bytes, shorten};
use crate::{error::Error, worker::protocol::Task};

pub const MESSAGES_LABEL: &str = "Messages";
pub const COPY_REPORT: &str = "Copy a report";
pub const DISMISS: &str = "Dismiss";
pub const SAMPLE_FAILED: &str = "The sample pictures could not be fetched. Check the connection and press again, or use pictures of your own.";
pub const OTHER_ORIGIN: &str = "The address asks for a base on another site. Only bases from this page's own site are loaded, so the built-in one is used.";
pub const PICTURE_SAVE_FAILED: &str = "This browser could not write the picture as PNG. Try once more, or save it from the picture's context menu.";
pub const DELTA_WHILE_TRAINING: &str = "A delta cannot be opened while training runs. Stop the training or wait for its end, then open it again.";

/// Training is done; `others` counts open deltas that are now at strength 0.
pub fn trained(others: usize) -> String {
    let others = match others {
        0 => "",
        1 => " The other delta is at strength 0 now; raise it to mix the two.",
        _ => " The other deltas are at strength 0 now; raise them to mix them in.",
    };
    format!(
        "Trained. The delta is open: make pictures with it, and download it to keep it.{others}"
    )
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

/// A failed task, with the engine's message.
pub fn failed(task: Task, error: &Error) -> String {
    let what = match task {
        Task::Load => "Loading the model failed.",
        Task::Plan => "What the model takes of memory is not known.",
        Task::Catalogue => "The list of models was not read.",
        Task::Storage => "What is kept of models was not listed or removed.",
        Task::Decompose => "Taking the weights apart failed.",
        Task::Prior => "Making class pictures failed.",
        Task::Train => "Training failed.",
        Task::Generate => "Making pictures failed.",
        Task::OpenDelta => "The delta was not opened.",
        Task::Link => "The link was not made or not read.",
        Task::Combine => "The deltas were not combined.",
        Task::Export => "The delta was not saved for another program.",
        Task::Picture => "The picture was not taken in.",
        Task::Check => "The device was not checked.",
    };
    format!("{what} {}", shorten(&error.to_string(), 600))
}
