//! Everything that the page knows, as signals; `Booth` is handed down as context.

use std::{rc::Rc, sync::Arc, time::Duration};

use leptos::prelude::*;

use crate::ui::app::intake::SUBJECTS;
use crate::ui::browser::api;
use crate::ui::browser::capabilities::{self, Lack};
use crate::ui::browser::options::Options;
use crate::ui::collages::actions::Collages;
use crate::ui::deltas::combine::CombineFields;
use crate::ui::generate::edit::EditFields;
use crate::ui::models::actions::Bases;
use crate::ui::models::memory::Plans;
use crate::ui::settings::fields::{GenerateFields, TrainFields};
use crate::ui::sharing::link::Demo;
use crate::ui::storage::gallery_db::{KeptDelta, KeptPicture, Shelf};
use crate::ui::text;
use crate::ui::training::chart::Point;
use crate::worker::{
    client::EngineClient,
    protocol::{BaseSource, Preset, Request, SubjectWords, Task, UnfinishedRun},
};

mod kinds;
mod sharing;

pub use kinds::*;
pub use sharing::*;

/// A file that was chosen: its name and its bytes.
pub type NamedFile = (String, Arc<Vec<u8>>);

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
    /// The model, and those to choose from.
    pub bases: Bases,
    /// What models take of memory, and the size of pictures.
    pub plans: Plans,
    /// Hash of the loaded base.
    pub base_hash: RwSignal<Option<String>>,
    /// Progress bars.
    pub stages: RwSignal<Stages>,
    /// Choices of layers to train.
    pub presets: RwSignal<Vec<Preset>>,
    /// Shifts of the text encoder.
    pub text_encoder_shifts: RwSignal<usize>,
    /// All that can be shown; a number is a place in here.
    pub places: StoredValue<Vec<Subject>>,
    /// The subjects on the page.
    pub subjects: RwSignal<Vec<Subject>>,
    /// Collages of two of them.
    pub collages: Collages,
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
    /// Open deltas, newest first.
    pub deltas: RwSignal<Vec<OpenDelta>>,
    /// Delta files that are being opened, in the order of the engine's answers.
    pub opening: RwSignal<Vec<NamedFile>>,
    /// A delta that was refused because it belongs to another base.
    pub refused_delta: RwSignal<Option<NamedFile>>,
    /// Fields of combining deltas.
    pub combine: CombineFields,
    /// Deltas are being combined or written.
    pub busy: RwSignal<bool>,
    /// Fields of editing a picture.
    pub edit: EditFields,
    /// Fields of generating.
    pub generate: GenerateFields,
    /// Newest first.
    pub results: RwSignal<Vec<ResultSet>>,
    /// 'Try it' is under way: scenes follow the training.
    pub tour: RwSignal<bool>,
    /// Pictures kept in this browser, newest first.
    pub gallery: RwSignal<Vec<Arc<KeptPicture>>>,
    /// Every picture goes into the gallery.
    pub keeping: RwSignal<bool>,
    /// Deltas kept in this browser, newest first.
    pub library: RwSignal<Vec<Arc<KeptDelta>>>,
    /// Where both are kept.
    pub shelf: StoredValue<Option<Rc<Shelf>>, LocalStorage>,
    /// How much room there is.
    pub storage: RwSignal<Room>,
    /// A delta that a link brought.
    pub arrival: RwSignal<Option<Arrival>>,
    /// What its link wants to show once it is open.
    pub demo: RwSignal<Option<Demo>>,
    /// The delta that was made a link last.
    pub packed: RwSignal<Option<Packed>>,
    /// What this browser lacks.
    pub lacks: RwSignal<Vec<Lack>>,
    /// Notify at the end of a training.
    pub notify: RwSignal<bool>,
    /// Seconds of the UNet for one sample; 0 where nobody knows.
    pub forward_seconds: RwSignal<f32>,
    /// Newest last.
    pub messages: RwSignal<Vec<Message>>,
    /// Files are held over the page.
    pub dragging: RwSignal<bool>,
    next_id: StoredValue<u32>,
}

impl Booth {
    /// An empty booth; [`Booth::start`] brings the engine.
    pub fn new(options: Options) -> Self {
        let places: Vec<Subject> = SUBJECTS
            .iter()
            .zip(0..)
            .map(|(&(token, sample), number)| Subject::new(number, token, sample))
            .collect();
        let bases = Bases::new(BaseSource::Folder {
            url: options.base.clone(),
        });
        let plans = Plans::new(options.memory);
        Self {
            client: StoredValue::new_local(None),
            outbox: StoredValue::new(Vec::new()),
            options: StoredValue::new(options),
            engine: RwSignal::new(if capabilities::saves_data() {
                Engine::Asking
            } else {
                Engine::Starting
            }),
            device: RwSignal::new(None),
            check: RwSignal::new(None),
            bases,
            plans,
            base_hash: RwSignal::new(None),
            stages: RwSignal::new(Stages::default()),
            presets: RwSignal::new(Vec::new()),
            text_encoder_shifts: RwSignal::new(0),
            subjects: RwSignal::new(places[..1].to_vec()),
            places: StoredValue::new(places),
            collages: Collages::new(),
            fetching: RwSignal::new(false),
            train: TrainFields::new(),
            training: RwSignal::new(Training::Idle),
            losses: RwSignal::new(Vec::new()),
            fresh_losses: StoredValue::new(Vec::new()),
            pace: RwSignal::new(None),
            saved_at: RwSignal::new(None),
            previews: RwSignal::new(Vec::new()),
            unfinished: RwSignal::new(None),
            deltas: RwSignal::new(Vec::new()),
            opening: RwSignal::new(Vec::new()),
            refused_delta: RwSignal::new(None),
            combine: CombineFields::new(),
            busy: RwSignal::new(false),
            edit: EditFields::new(),
            generate: GenerateFields::new(),
            results: RwSignal::new(Vec::new()),
            tour: RwSignal::new(false),
            gallery: RwSignal::new(Vec::new()),
            keeping: RwSignal::new(api::remembered("keep-pictures").as_deref() != Some("no")),
            library: RwSignal::new(Vec::new()),
            shelf: StoredValue::new_local(None),
            storage: RwSignal::new(Room::Unknown),
            arrival: RwSignal::new(None),
            demo: RwSignal::new(None),
            packed: RwSignal::new(None),
            lacks: RwSignal::new(capabilities::lacks()),
            notify: RwSignal::new(api::remembered("notify").as_deref() == Some("yes")),
            forward_seconds: RwSignal::new(0.0),
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
        self.show_message(gravity, text, None);
    }

    /// Tells the person what failed, with a report to copy.
    pub fn tell_failed(&self, task: Task, kind: String, text: String) {
        self.show_message(Gravity::Error, text, Some((task, kind)));
    }

    fn show_message(&self, gravity: Gravity, text: String, failed: Option<(Task, String)>) {
        let id = self.id();
        self.messages.update(|messages| {
            messages.retain(|message| message.text != text);
            messages.push(Message {
                id,
                gravity,
                text,
                failed,
            });
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

    /// What prompts can call: the subjects of the deltas that take part, otherwise those of the
    /// fields; tracked.
    pub fn words(&self) -> Vec<SubjectWords> {
        let learned: Vec<SubjectWords> = self.deltas.with(|deltas| {
            let taking_part = deltas.iter().filter(|open| open.strength.get() > 0.0);
            let subjects = taking_part.flat_map(|open| open.summary.subjects.clone());
            let shortened = subjects.map(|subject| SubjectWords {
                token: text::shorten(&subject.token, 60),
                class_word: text::shorten(&subject.class_word, 60),
                ..subject
            });
            shortened.collect()
        });
        if learned.is_empty() {
            self.subjects
                .with(|subjects| subjects.iter().map(Subject::words).collect())
        } else {
            learned
        }
    }

    /// The prompt in its field: what the person wrote, or the words in the chosen scene; tracked.
    pub fn prompt(&self) -> String {
        self.generate
            .prompt
            .get()
            .unwrap_or_else(|| match &self.words()[..] {
                [first, second, ..] => text::pair_prompt(first, second, self.generate.pair.get()),
                [only] => text::prompt(only, self.generate.scene.get()),
                [] => String::new(),
            })
    }
}

/// The booth that [`super::app::App`] provides.
pub fn booth() -> Booth {
    expect_context::<Booth>()
}
