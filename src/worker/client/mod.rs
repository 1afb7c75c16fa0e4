//! The page's end of the worker: starts it, sends it one request at a time, and reports it when it
//! stops.
//!
//! | file | what it does |
//! |---|---|
//! | `queue` | the requests that wait and the one that runs |
//! | `connection` | the worker and its listeners |
//! | `storage` | persistent storage |

mod connection;
mod queue;
mod storage;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

pub use self::connection::UserFile;
use self::connection::{Connection, Heard};
pub use self::queue::Waiting;
use self::queue::{Cancelled, Queue};
use super::protocol::{Answer, BaseSource, Event, Message, Request, RequestId, Task};
use crate::error::Error;

/// The engine's worker, seen from the page.
pub struct EngineClient {
    shared: Rc<Shared>,
}

struct Shared {
    listener: Box<dyn Fn(Answer)>,
    queue: RefCell<Queue<Vec<UserFile>>>,
    connection: RefCell<Option<Connection>>,
    ready: Cell<bool>,
    /// Nothing is sent: the page waits for a model, or for a restart.
    held: Cell<bool>,
    /// The worker has stopped, and the page knows.
    down: Cell<bool>,
    /// Counts the workers, so that late messages of an ended one are dropped.
    generation: Cell<u32>,
}

impl EngineClient {
    /// A client without a worker. `on_answer` is called with all answers, and with
    /// [`Event::Failed`] when the worker cannot be started or stops.
    pub fn new(on_answer: impl Fn(Answer) + 'static) -> Self {
        Self {
            shared: Rc::new(Shared {
                listener: Box::new(on_answer),
                queue: RefCell::default(),
                connection: RefCell::new(None),
                ready: Cell::new(false),
                held: Cell::new(false),
                down: Cell::new(false),
                generation: Cell::new(0),
            }),
        }
    }

    /// Starts the worker. One that runs is ended first, whatever it is doing: what it held is gone,
    /// except what it had stored.
    pub fn start(&self) {
        self.shared.end();
        Shared::start(&self.shared);
    }

    /// Sends a request when the worker is ready and has done all others.
    pub fn send(&self, request: Request) -> RequestId {
        let id = self.shared.queue.borrow_mut().push(request, Vec::new());
        self.shared.send_next();
        id
    }

    /// Sends a request, with files of the person's disk, before those that wait, and ends
    /// [`hold`](Self::hold).
    pub fn send_first(&self, request: Request, files: Vec<UserFile>) -> RequestId {
        let id = self.shared.queue.borrow_mut().push_first(request, files);
        self.shared.held.set(false);
        self.shared.send_next();
        id
    }

    /// Drops what waits, and sends nothing until [`send_first`](Self::send_first) or a restart.
    pub fn hold(&self) {
        self.shared.queue.borrow_mut().take_waiting();
        self.shared.held.set(true);
    }

    /// Takes out the requests that were not sent yet.
    pub fn take_waiting(&self) -> Vec<Waiting<Vec<UserFile>>> {
        self.shared.queue.borrow_mut().take_waiting()
    }

    /// Puts such requests behind those that wait now.
    pub fn put_back(&self, waiting: Vec<Waiting<Vec<UserFile>>>) {
        self.shared.queue.borrow_mut().put_back(waiting);
        self.shared.send_next();
    }

    /// Pauses a request or lets it go on; `None` is the work under way.
    pub fn pause(&self, id: Option<RequestId>, paused: bool) {
        let mut queue = self.shared.queue.borrow_mut();
        let message = id
            .or_else(|| queue.first_stoppable())
            .and_then(|id| queue.pause(id, paused));
        drop(queue);
        if let Some(message) = message {
            self.shared.post(&message, &[]);
        }
    }

    /// Cancels a request, which is then answered by [`Event::Stopped`]; `None` is the work under
    /// way.
    pub fn cancel(&self, id: Option<RequestId>) {
        let mut queue = self.shared.queue.borrow_mut();
        let cancelled = match id.or_else(|| queue.first_stoppable()) {
            Some(id) => queue.cancel(id),
            None => Cancelled::Nothing,
        };
        drop(queue);
        match cancelled {
            Cancelled::Send(id) => {
                self.shared.post(&Message::Cancel { id }, &[]);
            }
            Cancelled::Removed(id, task) => self.shared.tell(Some(id), Event::Stopped { task }),
            Cancelled::Nothing => {}
        }
    }
}

impl Drop for EngineClient {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Shared {
    fn start(shared: &Rc<Self>) {
        let generation = shared.generation.get();
        // Weak, or worker and client would keep each other for ever.
        let listener = Rc::downgrade(shared);
        let hear = move |heard| {
            if let Some(shared) = listener.upgrade()
                && shared.generation.get() == generation
            {
                shared.hear(heard);
            }
        };
        match Connection::start(hear.clone()) {
            Ok(connection) => *shared.connection.borrow_mut() = Some(connection),
            // Later, so that the caller has its client before it is called back.
            Err(why) => {
                let why = format!("{why:?}");
                spawn_local(async move { hear(Heard::Stopped(why)) });
            }
        }
    }

    fn hear(&self, heard: Heard) {
        match heard {
            Heard::Answer(answer) => self.on_answer(answer),
            Heard::Unknown(why) => self.warn(format!(
                "The engine said something that this page does not know ({why}). They come from different versions: reload the page."
            )),
            Heard::Stopped(why) => self.stopped(&why),
            Heard::Nothing if !self.ready.get() && !self.down.get() => self.warn(
                "The engine has not started yet. On a slow connection it is still being fetched; otherwise reload the page.".into(),
            ),
            Heard::Nothing => {}
        }
    }

    fn tell(&self, id: Option<RequestId>, event: Event) {
        (self.listener)(Answer { id, event });
    }

    fn warn(&self, message: String) {
        self.tell(None, Event::Warning { message });
    }

    /// Sends the next request, if the worker is free.
    fn send_next(&self) {
        while self.ready.get() && !self.held.get() && !self.down.get() {
            let next = self.queue.borrow_mut().begin();
            let Some(Waiting {
                id,
                request,
                files,
                paused,
            }) = next
            else {
                return;
            };
            if needs_storage(&request) {
                storage::ask_to_persist();
            }
            if self.post(&Message::Request { id, request }, &files) {
                if paused {
                    self.post(&Message::Pause { id }, &[]);
                }
                return;
            }
            self.queue.borrow_mut().end(id);
        }
    }

    /// Posts a message; a failure is a warning.
    fn post(&self, message: &Message, files: &[UserFile]) -> bool {
        let posted = match &*self.connection.borrow() {
            Some(connection) => connection.post(message, files),
            None => Ok(()),
        };
        if let Err(why) = &posted {
            self.warn(format!(
                "The engine could not be told what to do ({why:?}). Start it again, or reload the page."
            ));
        }
        posted.is_ok()
    }

    fn on_answer(&self, answer: Answer) {
        match &answer.event {
            Event::Ready => self.ready.set(true),
            Event::Failed {
                error: Error::Device(_),
                ..
            } => {
                self.down.set(true);
                self.queue.borrow_mut().clear();
            }
            _ => {}
        }
        let ended = answer.id.filter(|id| answer.ends(*id));
        // First the page: it may put a request before the next one.
        (self.listener)(answer);
        if let Some(id) = ended {
            self.queue.borrow_mut().end(id);
        }
        self.send_next();
    }

    /// Reports, once, that the worker cannot be used any more.
    fn stopped(&self, why: &str) {
        if self.down.replace(true) {
            return;
        }
        let running = self.queue.borrow().running();
        self.queue.borrow_mut().clear();
        let message = if self.ready.get() {
            format!(
                "The engine stopped ({why}). It usually ran out of memory: close other tabs, then start it again. A training run goes on from its last checkpoint."
            )
        } else {
            format!(
                "The engine could not be started ({why}). Reload the page; it needs WebAssembly with SIMD, which every current browser has."
            )
        };
        let idle = match self.ready.get() {
            true => Task::Generate,
            false => Task::Load,
        };
        let event = Event::Failed {
            task: running.map_or(idle, |(_, task)| task),
            error: Error::Device(message),
        };
        self.tell(running.map(|(id, _)| id), event);
    }

    fn end(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        // What was sent to a worker is lost with it; what waits for the first one is not.
        if self.ready.replace(false) && !self.down.get() && !self.held.get() {
            self.queue.borrow_mut().clear();
        }
        self.held.set(false);
        self.down.set(false);
        if let Some(connection) = self.connection.take() {
            connection.end();
        }
    }
}

/// Whether a request will store something that took long to make or to fetch.
fn needs_storage(request: &Request) -> bool {
    let large = matches!(
        request,
        Request::Load {
            source: BaseSource::Catalogue { .. } | BaseSource::Checkpoint { .. },
            ..
        }
    );
    large || matches!(request, Request::Train(_) | Request::ResumeRun)
}
