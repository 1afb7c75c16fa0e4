//! Sample subjects, whose pictures are served with the page.

use gloo::net::http::Request;
use leptos::{prelude::*, task::spawn_local};

use super::state::{Subject, SubjectPicture, Subjects};
use crate::ui::messages::state::{Messages, Severity};
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

/// Pictures of each sample.
const SAMPLE_PICTURES: usize = 4;

impl Subjects {
    /// Replaces a subject's pictures and class word with those of a sample, then calls `then`.
    pub fn use_sample(
        self,
        subject: Subject,
        sample: &'static str,
        messages: Messages,
        then: impl FnOnce() + 'static,
    ) {
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
                return messages.tell(Severity::Error, text::SAMPLE_FAILED);
            }
            self.clear_pictures(subject);
            subject.class_word.set(class_word.to_owned());
            for (name, bytes) in pictures {
                self.add_picture(subject, name, bytes.unwrap_or_default());
            }
            then();
        });
    }
}

impl Subject {
    /// True if this sample is used, or would be used by 'Try it'; tracked.
    pub fn shows_sample(self, sample: &str) -> bool {
        self.sample.get() == sample && !self.has_user_pictures()
    }

    /// True if there is a picture that does not belong to the current sample; tracked.
    pub fn has_user_pictures(self) -> bool {
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

/// A file of the page's own origin; `None` if it cannot be fetched.
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
    use crate::ui::subjects::state::INITIAL_SUBJECTS;

    #[test]
    fn every_subject_begins_with_a_sample_and_a_word_of_its_own() {
        for (index, (token, sample)) in INITIAL_SUBJECTS.iter().enumerate() {
            assert!(SAMPLES.iter().any(|(name, _)| name == sample));
            assert!(
                INITIAL_SUBJECTS[..index]
                    .iter()
                    .all(|(other, _)| other != token)
            );
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
