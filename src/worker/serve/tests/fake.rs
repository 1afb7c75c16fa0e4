//! An engine with a fake page, on the CPU, with models from folders.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use burn::tensor::Device;
use futures_util::future::{LocalBoxFuture, ready};
use pollster::block_on;

use crate::error::{Error, Result};
use crate::storage::faulty::FaultyStorage;
use crate::weights::Files;
use crate::weights::catalogue::LoraEntry;
use crate::worker::protocol::{
    Answer, BaseSource, CatalogueBase, DeviceChoice, DeviceKind, Event, Message, Request,
    RequestId, StoredBase, Task, TokenizerOffer,
};
use crate::worker::serve::{
    ChosenDevice, Context, DeviceMemory, Devices, Engine, ModelLibrary, OpenedModel, Page,
    RunStore, Stores, UserFiles,
};

/// What the page says while work is under way, after every event and before every step.
type Reaction = Box<dyn Fn(&Answer) -> Option<Message>>;

#[derive(Default)]
struct Shared {
    answers: RefCell<Vec<Answer>>,
    reaction: RefCell<Option<Reaction>>,
    /// Work that was reported for crashes.
    work: Cell<Option<(Option<RequestId>, Task)>>,
    context: RefCell<Weak<Context>>,
}

struct FakePage(Rc<Shared>);

impl Page for FakePage {
    fn post(&self, answer: &Answer) {
        self.0.answers.borrow_mut().push(answer.clone());
        let reaction = self.0.reaction.borrow();
        let message = reaction.as_ref().and_then(|react| react(answer));
        if let (Some(message), Some(cx)) = (message, self.0.context.borrow().upgrade()) {
            drop(reaction);
            cx.hear(message, UserFiles::new());
        }
    }

    fn turn(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(ready(()))
    }

    fn work_on(&self, id: Option<RequestId>, task: Task) {
        self.0.work.set(Some((id, task)));
    }

    fn set_gpu(&self, _: bool) {}

    fn now(&self) -> String {
        "2025-01-01T00:00:00.000Z".into()
    }
}

/// The CPU, which may call itself a GPU: that has a stated amount of memory.
struct FakeDevices(DeviceKind);

impl Devices for FakeDevices {
    fn choose(&mut self, _: DeviceChoice) -> LocalBoxFuture<'_, Result<ChosenDevice>> {
        let chosen = ChosenDevice {
            device: Device::flex(),
            kind: self.0,
            ..ChosenDevice::cpu("it is a test".into())
        };
        Box::pin(ready(Ok(chosen)))
    }

    fn begin_peak(&self) {}

    fn memory(&self) -> DeviceMemory {
        DeviceMemory::default()
    }

    fn release<'a>(&'a self, _: &'a Device) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(ready(Ok(())))
    }
}

/// Models in folders of this machine.
struct FolderLibrary;

fn folder(source: &BaseSource) -> Result<Files> {
    match source {
        BaseSource::Folder { url } => Ok(Files::Folder(PathBuf::from(url))),
        other => Err(Error::Settings(format!("{other:?} is not a folder"))),
    }
}

impl ModelLibrary for FolderLibrary {
    fn catalogue(
        &mut self,
    ) -> LocalBoxFuture<'_, Result<(Vec<CatalogueBase>, Option<TokenizerOffer>)>> {
        Box::pin(ready(Ok((Vec::new(), None))))
    }

    fn stored<'a>(&'a mut self, _: Option<&'a str>) -> LocalBoxFuture<'a, Result<Vec<StoredBase>>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn remove<'a>(&'a mut self, _: &'a str) -> LocalBoxFuture<'a, Result<bool>> {
        Box::pin(ready(Ok(true)))
    }

    fn open<'a>(
        &'a mut self,
        source: &'a BaseSource,
        _: UserFiles,
        _: &'a Rc<Context>,
    ) -> LocalBoxFuture<'a, Result<OpenedModel>> {
        Box::pin(ready(folder(source).map(OpenedModel::Folder)))
    }

    fn config_files<'a>(&'a mut self, source: &'a BaseSource) -> LocalBoxFuture<'a, Result<Files>> {
        Box::pin(ready(folder(source)))
    }

    fn lora<'a>(&'a mut self, _: &'a BaseSource) -> LocalBoxFuture<'a, Result<Option<LoraEntry>>> {
        Box::pin(ready(Ok(None)))
    }
}

/// An engine and its page.
pub(super) struct FakeBooth {
    shared: Rc<Shared>,
    pub(super) cx: Rc<Context>,
    engine: Engine,
    last_id: u32,
}

impl FakeBooth {
    /// An engine on the CPU that has loaded nothing.
    pub(super) fn new() -> Self {
        Self::on(DeviceKind::Cpu)
    }

    /// An engine on a device of this kind.
    pub(super) fn on(kind: DeviceKind) -> Self {
        let shared = Rc::new(Shared::default());
        let cx = Context::new(Box::new(FakePage(shared.clone())));
        *shared.context.borrow_mut() = Rc::downgrade(&cx);
        let mut stores = Stores::new(Box::new(FakeDevices(kind)), Box::new(FolderLibrary));
        stores.runs = RunStore::with_storage(Rc::new(FaultyStorage::default()));
        Self {
            shared,
            engine: Engine::new(cx.clone(), stores),
            cx,
            last_id: 0,
        }
    }

    /// An engine with the embedded base model.
    pub(super) fn loaded() -> Self {
        let mut booth = Self::new();
        let events = booth.ask(load(None));
        assert_eq!(events.last(), Some(&Event::Done), "{events:?}");
        booth
    }

    /// Sends a request without working on it.
    pub(super) fn send(&mut self, request: Request) -> RequestId {
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.cx
            .hear(Message::Request { id, request }, UserFiles::new());
        id
    }

    /// Works on the next request.
    pub(super) fn serve(&mut self) -> Vec<Answer> {
        block_on(self.engine.serve_next());
        self.shared.answers.take()
    }

    /// The answers since the last call.
    pub(super) fn answers(&self) -> Vec<Answer> {
        self.shared.answers.take()
    }

    /// The work that a crash would be blamed on.
    pub(super) fn work(&self) -> Option<(Option<RequestId>, Task)> {
        self.shared.work.get()
    }

    /// Sends a request and works on it; all events must name it, and exactly the last one end it.
    pub(super) fn ask(&mut self, request: Request) -> Vec<Event> {
        let id = self.send(request);
        let answers = self.serve();
        let (last, earlier) = answers.split_last().expect("an answer");
        assert!(last.ends(id), "{last:?}");
        assert!(earlier.iter().all(|answer| answer.id == Some(id)));
        assert!(!earlier.iter().any(|answer| answer.ends(id)));
        answers.into_iter().map(|answer| answer.event).collect()
    }

    /// What the page says to an answer, from now on.
    pub(super) fn react(&self, reaction: impl Fn(&Answer) -> Option<Message> + 'static) {
        *self.shared.reaction.borrow_mut() = Some(Box::new(reaction));
    }
}

/// To load the embedded base model.
pub(super) fn load(memory: Option<u64>) -> Request {
    Request::Load {
        source: BaseSource::Folder {
            url: concat!(env!("CARGO_MANIFEST_DIR"), "/static/base").into(),
        },
        device: DeviceChoice::Auto,
        size: None,
        memory,
        anyway: false,
    }
}

/// To add a picture of the sample dog to subject 1.
pub(super) fn add_picture(id: u32) -> Request {
    let path = format!(
        "{}/static/subjects/dog/{id}.png",
        env!("CARGO_MANIFEST_DIR")
    );
    Request::AddPicture {
        id,
        subject: 1,
        bytes: std::fs::read(path).expect("a sample picture"),
    }
}
