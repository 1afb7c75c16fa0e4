//! Everything that the page knows, as signals; `Booth` is handed down as context.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;

use super::{
    chart::Point,
    options::Options,
    settings::{GenerateFields, TrainFields},
};
use crate::worker::{
    client::EngineClient,
    protocol::{DeltaSummary, DeviceKind, Difference, Pixels, Request, Task, UnfinishedRun},
};

/// How far the engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
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

/// A picture of the subject.
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
            Task::OpenDelta | Task::Picture => None,
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

/// The open delta.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenDelta {
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
    /// Strength of the delta; `None` without one.
    pub strength: Option<f32>,
    /// Pictures a side.
    pub count: usize,
    /// The base's own pictures; `None` when not asked for.
    pub base: Option<ArcRwSignal<Side>>,
    /// Pictures with the delta; `None` when not asked for.
    pub personalised: Option<ArcRwSignal<Side>>,
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
}

/// Messages shown at a time; the oldest goes first.
const MESSAGES: usize = 3;

/// A note goes by itself; warnings and errors stay until they are dismissed.
const NOTE_STAYS: Duration = Duration::from_secs(12);

/// Everything that the page knows.
#[derive(Clone, Copy)]
pub struct Booth {
    /// The worker; requests go through [`Booth::send`].
    pub client: StoredValue<Option<EngineClient>, LocalStorage>,
    /// Requests made before the worker listened.
    pub outbox: StoredValue<Vec<Request>>,
    /// What the address asks for.
    pub options: StoredValue<Options>,
    /// How far the engine is.
    pub engine: RwSignal<Engine>,
    /// The device, once it is chosen.
    pub device: RwSignal<Option<Device>>,
    /// What is known of its arithmetic.
    pub check: RwSignal<Option<Check>>,
    /// Hash of the loaded base.
    pub base_hash: RwSignal<Option<String>>,
    /// Progress bars.
    pub stages: RwSignal<Stages>,
    /// The subject's pictures.
    pub pictures: RwSignal<Vec<SubjectPicture>>,
    /// The sample that 'Try it' takes.
    pub sample: RwSignal<&'static str>,
    /// A sample's pictures are on their way.
    pub fetching: RwSignal<bool>,
    /// Fields of training.
    pub train: TrainFields,
    /// Where training stands.
    pub training: RwSignal<Training>,
    /// Losses so far.
    pub losses: RwSignal<Vec<Point>>,
    /// Losses that came since the last animation frame.
    pub fresh_losses: StoredValue<Vec<(Point, Pace)>>,
    /// The newest pace.
    pub pace: RwSignal<Option<Pace>>,
    /// Step of the newest checkpoint.
    pub saved_at: RwSignal<Option<usize>>,
    /// The filmstrip.
    pub previews: RwSignal<Vec<Preview>>,
    /// A run that can go on.
    pub unfinished: RwSignal<Option<UnfinishedRun>>,
    /// The open delta.
    pub delta: RwSignal<Option<OpenDelta>>,
    /// A delta file that is being opened.
    pub opening: RwSignal<Option<(String, Arc<Vec<u8>>)>>,
    /// A delta that was refused because it belongs to another base.
    pub refused_delta: RwSignal<Option<(String, Arc<Vec<u8>>)>>,
    /// Fields of generating.
    pub generate: GenerateFields,
    /// Newest first.
    pub results: RwSignal<Vec<ResultSet>>,
    /// 'Try it' is under way: scenes follow the training.
    pub tour: RwSignal<bool>,
    /// Newest last.
    pub messages: RwSignal<Vec<Message>>,
    /// Files are held over the page.
    pub dragging: RwSignal<bool>,
    next_id: StoredValue<u32>,
}

impl Booth {
    /// An empty booth; [`Booth::start`] brings the engine.
    pub fn new(options: Options) -> Self {
        Self {
            client: StoredValue::new_local(None),
            outbox: StoredValue::new(Vec::new()),
            options: StoredValue::new(options),
            engine: RwSignal::new(Engine::Starting),
            device: RwSignal::new(None),
            check: RwSignal::new(None),
            base_hash: RwSignal::new(None),
            stages: RwSignal::new(Stages::default()),
            pictures: RwSignal::new(Vec::new()),
            sample: RwSignal::new("dog"),
            fetching: RwSignal::new(false),
            train: TrainFields::new(),
            training: RwSignal::new(Training::Idle),
            losses: RwSignal::new(Vec::new()),
            fresh_losses: StoredValue::new(Vec::new()),
            pace: RwSignal::new(None),
            saved_at: RwSignal::new(None),
            previews: RwSignal::new(Vec::new()),
            unfinished: RwSignal::new(None),
            delta: RwSignal::new(None),
            opening: RwSignal::new(None),
            refused_delta: RwSignal::new(None),
            generate: GenerateFields::new(),
            results: RwSignal::new(Vec::new()),
            tour: RwSignal::new(false),
            messages: RwSignal::new(Vec::new()),
            dragging: RwSignal::new(false),
            next_id: StoredValue::new(0),
        }
    }

    /// A number that no picture, result or message has yet.
    pub fn id(&self) -> u32 {
        self.next_id.update_value(|id| *id += 1);
        self.next_id.get_value()
    }

    /// Tells the person something; the same words are not shown twice at a time.
    pub fn tell(&self, gravity: Gravity, text: String) {
        let id = self.id();
        self.messages.update(|messages| {
            messages.retain(|message| message.text != text);
            messages.push(Message { id, gravity, text });
            let surplus = messages.len().saturating_sub(MESSAGES);
            messages.drain(..surplus);
        });
        if gravity == Gravity::Note {
            let messages = self.messages;
            set_timeout(
                move || messages.update(|messages| messages.retain(|message| message.id != id)),
                NOTE_STAYS,
            );
        }
    }

    /// Takes away what a former try left; warnings stay until they are dismissed.
    pub fn forget_messages(&self) {
        self.messages.update(|messages| {
            messages.retain(|message| message.gravity == Gravity::Warning);
        });
    }

    /// True while training holds the engine; tracked.
    pub fn is_training(&self) -> bool {
        self.training.get() != Training::Idle
    }

    /// True while pictures are being made; tracked.
    pub fn is_generating(&self) -> bool {
        self.results
            .with(|results| results.iter().any(ResultSet::waits))
    }

    /// The words that prompts are made of: the open delta's, otherwise the fields'; tracked.
    pub fn words(&self) -> (String, String) {
        self.delta.with(|delta| match delta {
            Some(delta) => (
                super::text::shorten(&delta.summary.token, 60),
                super::text::shorten(&delta.summary.class_word, 60),
            ),
            None => (self.train.token.get(), self.train.class_word.get()),
        })
    }

    /// The prompt in its field: what the person wrote, or the words in the first scene; tracked.
    pub fn prompt(&self) -> String {
        self.generate.prompt.get().unwrap_or_else(|| {
            let (token, class_word) = self.words();
            super::text::prompt(&token, &class_word, self.generate.scene.get())
        })
    }
}

/// The booth that [`super::app::App`] provides.
pub fn booth() -> Booth {
    expect_context::<Booth>()
}
