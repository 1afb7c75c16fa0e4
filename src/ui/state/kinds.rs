//! What the page knows of engine, subjects, training, deltas and results.

use std::sync::Arc;

use leptos::prelude::*;

use crate::worker::protocol::{
    DeltaSummary, DeviceKind, Difference, GenerateRequest, PictureFault, Pixels, SubjectWords, Task,
};

/// How far the engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The person is asked before it is fetched.
    Asking,
    /// The worker is being fetched and started.
    Starting,
    /// The base is being loaded.
    Loading,
    /// It takes work.
    Ready,
    /// It has stopped and can be started again.
    Down,
}

/// The device that the engine chose.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// GPU or CPU.
    pub kind: DeviceKind,
    /// Its name.
    pub name: String,
    /// Why it.
    pub reason: String,
}

/// A subject: what it is called and its pictures.
#[derive(Clone, Copy)]
pub struct Subject {
    /// As the engine knows it.
    pub number: u32,
    /// The identifier word.
    pub token: RwSignal<String>,
    /// The class word.
    pub class_word: RwSignal<String>,
    /// In the order in which they came.
    pub pictures: RwSignal<Vec<SubjectPicture>>,
    /// The sample that was taken last, or that 'Try it' takes.
    pub sample: RwSignal<&'static str>,
}

impl Subject {
    /// Without pictures.
    pub fn new(number: u32, token: &str, sample: &'static str) -> Self {
        Self {
            number,
            token: RwSignal::new(token.to_owned()),
            class_word: RwSignal::new(sample.to_owned()),
            pictures: RwSignal::new(Vec::new()),
            sample: RwSignal::new(sample),
        }
    }

    /// What it is called, for the engine; tracked.
    pub fn words(&self) -> SubjectWords {
        SubjectWords {
            number: self.number,
            token: self.token.with(|word| word.trim().to_owned()),
            class_word: self.class_word.with(|word| word.trim().to_owned()),
        }
    }

    /// Pictures that were not refused; tracked.
    pub fn usable(&self) -> usize {
        let refused = |view: &PictureView| matches!(view, PictureView::Refused(_));
        self.pictures.with(|pictures| {
            let usable = pictures.iter().filter(|p| !p.view.with(refused));
            usable.count()
        })
    }

    /// Ids and crops of the pictures that the engine has taken in; tracked.
    pub fn taken(&self) -> Vec<(u32, f32)> {
        let ready = |view: &PictureView| matches!(view, PictureView::Ready(_));
        self.pictures.with(|pictures| {
            let taken = pictures.iter().filter(|picture| picture.view.with(ready));
            taken
                .map(|picture| (picture.id, picture.offset.get()))
                .collect()
        })
    }
}

/// A picture of a subject.
#[derive(Clone)]
pub struct SubjectPicture {
    /// As the engine knows it.
    pub id: u32,
    /// Its file's name.
    pub name: String,
    /// The file, kept so that a restarted engine can have it again.
    pub bytes: Arc<Vec<u8>>,
    /// False when there is nothing to crop.
    pub wide: bool,
    /// What the engine made of it.
    pub view: ArcRwSignal<PictureView>,
    /// Where the crop stands: 0 is left or top, 1 is right or bottom.
    pub offset: ArcRwSignal<f32>,
    /// Quarters that it was turned to the right.
    pub quarters: ArcRwSignal<u8>,
    /// What may be wrong with it.
    pub faults: ArcRwSignal<Vec<PictureFault>>,
}

/// What the engine made of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum PictureView {
    /// No answer yet.
    Waiting,
    /// As training will see it.
    Ready(Pixels),
    /// It was refused; why.
    Refused(String),
}

/// Where the training stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// Nothing runs.
    Idle,
    /// It runs.
    Running,
    /// It holds still.
    Paused,
    /// It was asked to stop and has not answered yet.
    Stopping,
}

/// What is known of the device's arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// It is being checked.
    Running,
    /// How far it is from the reference, part by part, and what is owed to rounding.
    Done(Vec<Difference>, f32),
}

/// Progress of each stage, as (done, total).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Loading the base.
    pub load: Option<(u64, u64)>,
    /// Decomposing its weights.
    pub decompose: Option<(u64, u64)>,
    /// Class pictures.
    pub prior: Option<(u64, u64)>,
    /// Training steps.
    pub train: Option<(u64, u64)>,
    /// Sampling.
    pub generate: Option<(u64, u64)>,
    /// Checking the device.
    pub check: Option<(u64, u64)>,
}

impl Stages {
    /// The stage of a task, if it has one.
    pub fn of(&mut self, task: Task) -> Option<&mut Option<(u64, u64)>> {
        match task {
            Task::Load => Some(&mut self.load),
            Task::Decompose => Some(&mut self.decompose),
            Task::Prior => Some(&mut self.prior),
            Task::Train => Some(&mut self.train),
            Task::Generate => Some(&mut self.generate),
            Task::Check => Some(&mut self.check),
            Task::Plan
            | Task::Catalogue
            | Task::Storage
            | Task::OpenDelta
            | Task::Link
            | Task::Picture
            | Task::Combine
            | Task::Export => None,
        }
    }
}

/// The newest word on the pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Steps done.
    pub step: usize,
    /// Steps asked for.
    pub total: usize,
    /// Speed.
    pub steps_per_second: f32,
    /// Time left.
    pub seconds_left: f32,
}

/// A preview while it learns.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// At which step.
    pub step: usize,
    /// The picture.
    pub picture: Pixels,
}

/// An open delta.
#[derive(Clone)]
pub struct OpenDelta {
    /// Its content's hash.
    pub id: String,
    /// Key of the list.
    pub key: u32,
    /// How much of it goes into pictures.
    pub strength: ArcRwSignal<f64>,
    /// What it says of itself; untrusted.
    pub summary: DeltaSummary,
    /// A name for its file.
    pub file_name: String,
    /// Its file.
    pub file: Arc<Vec<u8>>,
}

/// One press of Generate.
#[derive(Clone)]
pub struct ResultSet {
    /// As the engine knows it.
    pub id: u32,
    /// What was asked for.
    pub prompt: String,
    /// The seed of the first picture.
    pub seed: u64,
    /// Strengths of the deltas, newest first.
    pub strengths: Vec<f32>,
    /// Pictures a side.
    pub count: usize,
    /// The base's own pictures; `None` when not asked for.
    pub base: Option<ArcRwSignal<Side>>,
    /// Pictures with the deltas; `None` when not asked for.
    pub personalised: Option<ArcRwSignal<Side>>,
    /// What its two sides are.
    pub kind: ResultKind,
    /// What was measured while it was made.
    pub note: ArcRwSignal<Option<String>>,
}

/// What a result shows.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultKind {
    /// Pictures of a prompt, by this request.
    Pictures(GenerateRequest),
    /// The same pictures, dark where this word did not look.
    Look(String),
    /// A picture, and its edit.
    Edit,
}

impl ResultSet {
    /// True while an answer is outstanding; tracked.
    pub fn waits(&self) -> bool {
        [&self.base, &self.personalised]
            .into_iter()
            .flatten()
            .any(|side| side.with(|side| *side == Side::Waiting))
    }
}

/// One side of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// Not there yet.
    Waiting,
    /// There.
    Ready(Arc<Vec<Pixels>>),
    /// It will not come.
    Stopped,
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// Good to know.
    Note,
    /// Look at it.
    Warning,
    /// Something was not done.
    Error,
}

/// Something to tell the person.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Key of the list.
    pub id: u32,
    /// How grave.
    pub gravity: Gravity,
    /// The words.
    pub text: String,
    /// What failed, for a report; `None` where nothing did.
    pub failed: Option<(Task, String)>,
}
