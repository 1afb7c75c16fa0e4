//! Files that the user chose, dropped or pasted: pictures and deltas.

use std::sync::Arc;

use js_sys::Uint8Array;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileList, HtmlInputElement};

use crate::ui::{
    deltas::state::Deltas,
    messages::state::{Messages, Severity},
    subjects::state::Subjects,
    text,
};

/// Pictures of one subject.
const MAX_PICTURES: usize = 20;

/// Larger files are not read; the engine has limits of its own for their contents.
pub const MAX_FILE_BYTES: usize = 100_000_000;

/// Endings of picture files.
const PICTURE_ENDINGS: [&str; 4] = [".png", ".jpg", ".jpeg", ".webp"];

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    Picture,
    Delta,
    Other,
}

/// The kind of a file by its name and its MIME type.
fn kind(name: &str, mime: &str) -> FileKind {
    let name = name.to_lowercase();
    if name.ends_with(".safetensors") {
        FileKind::Delta
    } else if PICTURE_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || matches!(mime, "image/png" | "image/jpeg" | "image/webp")
    {
        FileKind::Picture
    } else {
        FileKind::Other
    }
}

/// Passes files on to subjects and deltas.
#[derive(Clone, Copy)]
pub struct Intake {
    subjects: Subjects,
    deltas: Deltas,
    messages: Messages,
}

impl Intake {
    /// Files go to these features.
    pub fn new(subjects: Subjects, deltas: Deltas, messages: Messages) -> Self {
        Self {
            subjects,
            deltas,
            messages,
        }
    }

    /// Takes the files of an input. Empties the input, so that the same file can be chosen again.
    pub fn take_input(self, event: &web_sys::Event, subject: Option<u32>) {
        let input = event_target::<HtmlInputElement>(event);
        self.take(input.files(), subject);
        input.set_value("");
    }

    /// Opens deltas, and adds pictures to a subject: the last one unless a number is given.
    pub fn take(self, files: Option<FileList>, subject: Option<u32>) {
        let Some(files) = files else { return };
        self.messages.clear();
        let files: Vec<File> = (0..files.length()).filter_map(|i| files.get(i)).collect();
        // One after the other, so that pictures keep the order in which they were chosen.
        spawn_local(async move {
            for file in files {
                self.take_file(file, subject).await;
            }
        });
    }

    async fn take_file(self, file: File, subject: Option<u32>) {
        let messages = self.messages;
        let name = file.name();
        let kind = kind(&name, &file.type_());
        if kind == FileKind::Other {
            return messages.tell(Severity::Error, text::wrong_file(&name));
        }
        if file.size() > MAX_FILE_BYTES as f64 {
            return messages.tell(Severity::Error, text::too_large(&name, MAX_FILE_BYTES));
        }
        let Some(subject) = self.subjects.target(subject) else {
            return;
        };
        let is_picture = kind == FileKind::Picture;
        if is_picture && subject.pictures.with_untracked(Vec::len) >= MAX_PICTURES {
            return messages.tell(Severity::Warning, text::too_many(MAX_PICTURES));
        }
        match JsFuture::from(file.array_buffer()).await {
            Ok(buffer) => {
                let bytes = Uint8Array::new(&buffer).to_vec();
                if is_picture {
                    self.subjects.add_picture(subject, name, bytes);
                } else {
                    self.deltas.open_file(name, Arc::new(bytes), false);
                }
            }
            Err(_) => messages.tell(Severity::Error, text::unreadable(&name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_name_and_type() {
        assert_eq!(kind("Rex.JPG", ""), FileKind::Picture);
        assert_eq!(kind("image", "image/png"), FileKind::Picture);
        assert_eq!(
            kind("rex.safetensors", "application/octet-stream"),
            FileKind::Delta
        );
        assert_eq!(kind("notes.txt", "text/plain"), FileKind::Other);
        assert_eq!(kind("moving.gif", "image/gif"), FileKind::Other);
    }
}
