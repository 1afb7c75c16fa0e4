//! Subjects and their pictures.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::engine::{connection::Engine, ids::Ids};
use crate::ui::settings::effort::RecommendedEffort;
use crate::worker::protocol::{PictureFault, Pixels, SubjectWords};

/// The number of the subject that holds the picture to edit; no other subject has it.
pub const EDITED: u32 = 1_000;

/// The identifier word and the sample that each subject begins with.
pub const INITIAL_SUBJECTS: [(&str, &str); 4] = [
    ("sks", "dog"),
    ("olis", "cat"),
    ("zwx", "robot"),
    ("hta", "penguin"),
];

/// A subject: its words and its pictures.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Its number in requests.
    pub number: u32,
    /// The identifier word.
    pub token: RwSignal<String>,
    /// The class word.
    pub class_word: RwSignal<String>,
    /// In the order in which they were added.
    pub pictures: RwSignal<Vec<SubjectPicture>>,
    /// The sample that was used last, or that 'Try it' would use.
    pub sample: RwSignal<&'static str>,
}

impl Subject {
    /// A subject without pictures.
    pub fn new(number: u32, token: &str, sample: &'static str) -> Self {
        Self {
            number,
            token: RwSignal::new(token.to_owned()),
            class_word: RwSignal::new(sample.to_owned()),
            pictures: RwSignal::new(Vec::new()),
            sample: RwSignal::new(sample),
        }
    }

    /// Its words, trimmed; tracked.
    pub fn words(&self) -> SubjectWords {
        SubjectWords::new(
            self.token.with(|word| word.trim().to_owned()),
            self.class_word.with(|word| word.trim().to_owned()),
        )
    }

    /// The number of pictures that the engine did not refuse; tracked.
    pub fn usable(&self) -> usize {
        let refused = |view: &PictureView| matches!(view, PictureView::Refused(_));
        self.pictures.with(|pictures| {
            let usable = pictures.iter().filter(|p| !p.view.with(refused));
            usable.count()
        })
    }

    /// Ids and crops of the pictures that the engine accepted; tracked.
    pub fn accepted(&self) -> Vec<(u32, f32)> {
        let ready = |view: &PictureView| matches!(view, PictureView::Ready(_));
        self.pictures.with(|pictures| {
            let accepted = pictures.iter().filter(|picture| picture.view.with(ready));
            accepted
                .map(|picture| (picture.id, picture.offset.get()))
                .collect()
        })
    }

    /// An element id of this subject: `name` for the first subject, `name-2` and so on for others.
    pub fn element_id(self, name: &str) -> String {
        match self.number {
            0 => name.to_owned(),
            number => format!("{name}-{}", number + 1),
        }
    }
}

/// A picture of a subject.
#[derive(Clone)]
pub struct SubjectPicture {
    /// Its id in requests.
    pub id: u32,
    /// The name of its file.
    pub name: String,
    /// The file, kept to send it again to a restarted engine.
    pub bytes: Arc<Vec<u8>>,
    /// False for a square picture, which needs no crop.
    pub wide: bool,
    /// What the engine made of it.
    pub view: ArcRwSignal<PictureView>,
    /// Position of the square crop: 0 is left or top, 1 is right or bottom.
    pub offset: ArcRwSignal<f32>,
    /// Quarter turns to the right, 0 to 3.
    pub quarters: ArcRwSignal<u8>,
    /// Possible problems.
    pub faults: ArcRwSignal<Vec<PictureFault>>,
}

/// What the engine made of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum PictureView {
    /// No answer yet.
    Waiting,
    /// As training sees it.
    Ready(Pixels),
    /// Refused, with the reason.
    Refused(String),
}

/// The subjects on the page.
#[derive(Clone, Copy)]
pub struct Subjects {
    /// Those that are shown, in order.
    pub list: RwSignal<Vec<Subject>>,
    /// Holds the picture to edit.
    pub edited: Subject,
    /// The pictures of a sample are being fetched.
    pub fetching: RwSignal<bool>,
    /// Files are dragged over the page.
    pub dragging: RwSignal<bool>,
    /// All subjects that can be shown.
    pub(super) available: StoredValue<Vec<Subject>>,
    pub(super) engine: Engine,
    pub(super) ids: Ids,
    pub(super) effort: RecommendedEffort,
}

impl Subjects {
    /// One subject without pictures.
    pub fn new(engine: Engine, ids: Ids, effort: RecommendedEffort) -> Self {
        let available: Vec<Subject> = INITIAL_SUBJECTS
            .iter()
            .zip(0..)
            .map(|(&(token, sample), number)| Subject::new(number, token, sample))
            .collect();
        Self {
            list: RwSignal::new(available[..1].to_vec()),
            edited: Subject::new(EDITED, "", ""),
            fetching: RwSignal::new(false),
            dragging: RwSignal::new(false),
            available: StoredValue::new(available),
            engine,
            ids,
            effort,
        }
    }

    /// The number of subjects; tracked.
    pub fn count(self) -> usize {
        self.list.with(Vec::len)
    }

    /// Everything that has pictures: the subjects, and the picture to edit.
    pub(super) fn with_pictures(self) -> Vec<Subject> {
        let mut subjects = self.list.get_untracked();
        subjects.push(self.edited);
        subjects
    }

    /// The subject of this number, otherwise the last one: where files go.
    pub fn target(self, number: Option<u32>) -> Option<Subject> {
        if number == Some(EDITED) {
            return Some(self.edited);
        }
        self.list.with_untracked(|subjects| {
            let named = subjects.iter().find(|of| Some(of.number) == number);
            named.or(subjects.last()).copied()
        })
    }
}
