//! Files that a person chose, dropped or pasted, and the sample subjects.

use std::sync::Arc;

use gloo::net::http::Request;
use js_sys::Uint8Array;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File, FileList};

use crate::ui::state::{Booth, Gravity, Subject, SubjectPicture};
use crate::ui::text;

/// Sample subjects: folder under `subjects/`, and class word.
pub const SAMPLES: [(&str, &str); 8] = [
    ("dog", "dog"),
    ("robot", "robot"),
    ("cat", "cat"),
    ("car", "car"),
    ("castle", "castle"),
    ("dinosaur", "dinosaur"),
    ("penguin", "penguin"),
    ("teddy_bear", "teddy bear"),
];

/// The identifier word and the sample that each subject begins with.
pub const SUBJECTS: [(&str, &str); 4] = [
    ("sks", "dog"),
    ("olis", "cat"),
    ("zwx", "robot"),
    ("hta", "penguin"),
];

/// Pictures of each sample.
const SAMPLE_PICTURES: usize = 4;

/// Pictures of a subject at most.
const PICTURES: usize = 20;

/// Larger files are not even read; the engine has limits of its own on what is in them.
const FILE_LIMIT: usize = 100_000_000;

/// Files of these kinds are taken as pictures.
const PICTURE_ENDINGS: [&str; 4] = [".png", ".jpg", ".jpeg", ".webp"];

/// What a file is taken for, by its name and the browser's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Picture,
    Delta,
    Other,
}

fn kind(name: &str, mime: &str) -> Kind {
    let name = name.to_lowercase();
    if name.ends_with(".safetensors") {
        Kind::Delta
    } else if PICTURE_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || matches!(mime, "image/png" | "image/jpeg" | "image/webp")
    {
        Kind::Picture
    } else {
        Kind::Other
    }
}

impl Booth {
    /// Takes files in, each according to its kind: deltas, and pictures of a subject, the last
    /// one unless another is named.
    pub fn take_files(self, files: Option<FileList>, subject: Option<u32>) {
        let Some(files) = files else { return };
        self.forget_messages();
        let files: Vec<File> = (0..files.length()).filter_map(|i| files.get(i)).collect();
        // One after the other, so that pictures keep the order in which they were chosen.
        spawn_local(async move {
            for file in files {
                self.take_file(file, subject).await;
            }
        });
    }

    /// Takes in what was dropped: a base, or files as above.
    pub fn take_dropped(self, data: Option<DataTransfer>, subject: Option<u32>, on_bases: bool) {
        let Some(data) = data else { return };
        if !self.take_dropped_base(&data, on_bases, FILE_LIMIT as u64) {
            self.take_files(data.files(), subject);
        }
    }

    async fn take_file(self, file: File, subject: Option<u32>) {
        let name = file.name();
        let kind = kind(&name, &file.type_());
        if kind == Kind::Other {
            return self.tell(Gravity::Error, text::wrong_file(&name));
        }
        if file.size() > FILE_LIMIT as f64 {
            return self.tell(Gravity::Error, text::too_large(&name, FILE_LIMIT));
        }
        let Some(subject) = self.subject_for(subject) else {
            return;
        };
        if kind == Kind::Picture && subject.pictures.with_untracked(Vec::len) >= PICTURES {
            return self.tell(Gravity::Warning, text::too_many(PICTURES));
        }
        match JsFuture::from(file.array_buffer()).await {
            Ok(buffer) => {
                let bytes = Uint8Array::new(&buffer).to_vec();
                match kind {
                    Kind::Delta => self.open_delta(name, Arc::new(bytes), false),
                    _ => self.add_picture(subject, name, bytes),
                }
            }
            Err(_) => self.tell(Gravity::Error, text::unreadable(&name)),
        }
    }

    /// Puts a sample's pictures in the place of a subject's, with its class word, and goes the
    /// whole way on them if asked to.
    pub fn take_sample(self, subject: Subject, sample: &'static str, then_train: bool) {
        let Some(&(folder, class_word)) = SAMPLES.iter().find(|(name, _)| *name == sample) else {
            return;
        };
        if self.fetching.get_untracked() {
            return;
        }
        self.fetching.set(true);
        subject.sample.set(folder);
        spawn_local(async move {
            let mut pictures = Vec::new();
            for i in 0..SAMPLE_PICTURES {
                pictures.push((
                    sample_picture(folder, i),
                    fetch(&format!("subjects/{folder}/{i}.png")).await,
                ));
            }
            self.fetching.set(false);
            if pictures.iter().any(|(_, bytes)| bytes.is_none()) {
                return self.tell(Gravity::Error, text::SAMPLE_FAILED.to_owned());
            }
            self.clear_pictures(subject);
            subject.class_word.set(class_word.to_owned());
            for (name, bytes) in pictures {
                self.add_picture(subject, name, bytes.unwrap_or_default());
            }
            if then_train {
                self.train_and_show();
            }
        });
    }
}

impl Subject {
    /// Whether this sample is the one that is taken, or would be, and no other picture is there.
    pub fn shows_sample(self, sample: &str) -> bool {
        self.sample.get() == sample && !self.has_own_pictures()
    }

    /// Whether a picture is there that is none of the chosen sample's.
    pub fn has_own_pictures(self) -> bool {
        let sample = self.sample.get();
        let of_sample = |picture: &SubjectPicture| {
            (0..SAMPLE_PICTURES).any(|i| picture.name == sample_picture(sample, i))
        };
        self.pictures
            .with(|pictures| !pictures.iter().all(of_sample))
    }
}

/// The name under which a sample's picture is shown.
fn sample_picture(folder: &str, i: usize) -> String {
    format!("{folder}-{i}.png")
}

/// A file of the page's own origin, or `None`.
async fn fetch(path: &str) -> Option<Vec<u8>> {
    let response = Request::get(path)
        .send()
        .await
        .ok()
        .filter(|response| response.ok())?;
    response.binary().await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_name_and_type() {
        assert_eq!(kind("Rex.JPG", ""), Kind::Picture);
        assert_eq!(kind("image", "image/png"), Kind::Picture);
        assert_eq!(
            kind("rex.safetensors", "application/octet-stream"),
            Kind::Delta
        );
        assert_eq!(kind("notes.txt", "text/plain"), Kind::Other);
        assert_eq!(kind("moving.gif", "image/gif"), Kind::Other);
    }

    #[test]
    fn every_subject_begins_with_a_sample_and_a_word_of_its_own() {
        for (index, (token, sample)) in SUBJECTS.iter().enumerate() {
            assert!(SAMPLES.iter().any(|(name, _)| name == sample));
            assert!(SUBJECTS[..index].iter().all(|(other, _)| other != token));
        }
    }

    #[test]
    fn every_sample_is_a_thing_that_the_base_knows() {
        assert!(
            SAMPLES
                .iter()
                .all(|(_, class_word)| text::KNOWN_THINGS.contains(class_word))
        );
    }
}
