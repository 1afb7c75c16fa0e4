//! The page's end of the worker: starts it, speaks to it, and notices when it falls.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{ErrorEvent, File, MessageEvent, Worker};

use super::protocol::{BaseSource, Event, FILES, Request, Task};
use crate::error::Error;

/// What trunk calls the worker's starter; it lies beside the page, so the address is relative to
/// the page's own.
const SCRIPT: &str = "engine_loader.js";
/// After so long without a sign of the worker the person hears of it.
const PATIENCE_MS: u32 = 90_000;

/// A file on the person's disk and its path in the base's folder.
pub type PickedFile = (String, File);

/// The engine's worker, seen from the page.
pub struct EngineClient {
    shared: Rc<Shared>,
}

struct Shared {
    on_event: Box<dyn Fn(Event)>,
    running: RefCell<Option<Running>>,
    /// Requests made before the worker listened.
    waiting: RefCell<Vec<(Request, Vec<PickedFile>)>>,
    ready: Cell<bool>,
    /// It has fallen, and the page knows.
    down: Cell<bool>,
    /// Counts the workers, so that what an ended one still says is not heard.
    generation: Cell<u32>,
}

struct Running {
    worker: Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(web_sys::Event)>,
    _impatience: Timeout,
}

impl EngineClient {
    /// Starts the worker; `on_event` is called with everything that it says, and with
    /// [`Event::Failed`] when it cannot be started or falls.
    pub fn spawn(on_event: impl Fn(Event) + 'static) -> Self {
        let shared = Rc::new(Shared {
            on_event: Box::new(on_event),
            running: RefCell::new(None),
            waiting: RefCell::new(Vec::new()),
            ready: Cell::new(false),
            down: Cell::new(false),
            generation: Cell::new(0),
        });
        start(&shared);
        Self { shared }
    }

    /// Sends a request, at the latest when the worker listens.
    pub fn send(&self, request: Request) {
        self.send_with(request, Vec::new());
    }

    /// As [`send`](Self::send), with files of the person's disk beside the request.
    pub fn send_with(&self, request: Request, files: Vec<PickedFile>) {
        let long = matches!(request, Request::Train(_) | Request::ResumeRun);
        let large = matches!(
            &request,
            Request::Load {
                source: BaseSource::Catalogue { .. } | BaseSource::Checkpoint { .. },
                ..
            }
        );
        if long || large {
            keep_storage();
        }
        if self.shared.ready.get() {
            self.shared.post(&request, &files);
        } else {
            self.shared.waiting.borrow_mut().push((request, files));
        }
    }

    /// Ends the worker, whatever it is doing, and starts it again. What it held is gone, except
    /// what it had stored.
    pub fn restart(&self) {
        self.shared.end();
        start(&self.shared);
    }
}

impl Drop for EngineClient {
    fn drop(&mut self) {
        self.shared.end();
    }
}

fn start(shared: &Rc<Shared>) {
    let generation = shared.generation.get().wrapping_add(1);
    shared.generation.set(generation);
    shared.ready.set(false);
    shared.down.set(false);
    let worker = match Worker::new(SCRIPT) {
        Ok(worker) => worker,
        Err(why) => {
            let shared = Rc::downgrade(shared);
            let why = format!("{why:?}");
            // Later, so that the caller has its client when it hears of this.
            spawn_local(async move {
                if let Some(shared) = shared.upgrade() {
                    shared.fell(Task::Load, &why);
                }
            });
            return;
        }
    };
    // Weak, or worker and client would keep each other for ever.
    let listener = Rc::downgrade(shared);
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        if let Some(shared) = listener.upgrade()
            && shared.generation.get() == generation
        {
            shared.hear(message.data());
        }
    });
    let listener = Rc::downgrade(shared);
    let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        if let Some(shared) = listener.upgrade()
            && shared.generation.get() == generation
        {
            let why = event
                .dyn_ref::<ErrorEvent>()
                .map(ErrorEvent::message)
                .filter(|message| !message.is_empty());
            let task = if shared.ready.get() {
                Task::Generate
            } else {
                Task::Load
            };
            shared.fell(task, &why.unwrap_or_else(|| "no reason was given".into()));
        }
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    let listener = Rc::downgrade(shared);
    let impatience = Timeout::new(PATIENCE_MS, move || {
        if let Some(shared) = listener.upgrade()
            && !shared.ready.get()
            && !shared.down.get()
        {
            (shared.on_event)(Event::Warning {
                message: "The engine has not started yet. On a slow connection it is still being fetched; otherwise reload the page.".into(),
            });
        }
    });
    *shared.running.borrow_mut() = Some(Running {
        worker,
        _on_message: on_message,
        _on_error: on_error,
        _impatience: impatience,
    });
}

impl Shared {
    fn hear(&self, data: JsValue) {
        let event = match serde_wasm_bindgen::from_value::<Event>(data) {
            Ok(event) => event,
            Err(why) => {
                return (self.on_event)(Event::Warning {
                    message: format!(
                        "The engine said something that this page does not know ({why}). They come from different versions: reload the page."
                    ),
                });
            }
        };
        match &event {
            Event::Ready => {
                self.ready.set(true);
                for (request, files) in self.waiting.take() {
                    self.post(&request, &files);
                }
            }
            Event::Failed {
                error: Error::Device(_),
                ..
            } => self.down.set(true),
            _ => {}
        }
        (self.on_event)(event);
    }

    fn post(&self, request: &Request, files: &[PickedFile]) {
        let sent = serde_wasm_bindgen::to_value(request)
            .map_err(JsValue::from)
            .and_then(|value| beside(value, files))
            .and_then(|value| match &*self.running.borrow() {
                Some(running) => running.worker.post_message(&value),
                None => Ok(()),
            });
        if let Err(why) = sent {
            (self.on_event)(Event::Warning {
                message: format!(
                    "The engine could not be told what to do ({why:?}). Start it again, or reload the page."
                ),
            });
        }
    }

    /// The worker is of no use any more; told once.
    fn fell(&self, task: Task, why: &str) {
        if self.down.replace(true) {
            return;
        }
        let message = if self.ready.get() {
            format!(
                "The engine stopped ({why}). It usually ran out of memory: close other tabs, then start it again. A training run goes on from its last checkpoint."
            )
        } else {
            format!(
                "The engine could not be started ({why}). Reload the page; it needs WebAssembly with SIMD, which every current browser has."
            )
        };
        (self.on_event)(Event::Failed {
            task,
            error: Error::Device(message),
        });
    }

    fn end(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        self.ready.set(false);
        if let Some(running) = self.running.take() {
            running.worker.set_onmessage(None);
            running.worker.set_onerror(None);
            running.worker.terminate();
        }
    }
}

/// A request's object with files in it.
fn beside(request: JsValue, files: &[PickedFile]) -> Result<JsValue, JsValue> {
    if files.is_empty() {
        return Ok(request);
    }
    let list = js_sys::Array::new();
    for (path, file) in files {
        let entry = js_sys::Object::new();
        js_sys::Reflect::set(&entry, &"path".into(), &path.into())?;
        js_sys::Reflect::set(&entry, &"file".into(), file)?;
        list.push(&entry);
    }
    js_sys::Reflect::set(&request, &FILES.into(), &list)?;
    Ok(request)
}

/// Asks the browser not to clear checkpoints and bases when disk space runs short. Only a page can ask,
/// and it may say no.
fn keep_storage() {
    let Some(window) = web_sys::window() else {
        return;
    };
    // Without a secure context there is no storage to ask for.
    let storage = js_sys::Reflect::get(&window.navigator(), &"storage".into());
    if let Ok(storage) = storage
        && !storage.is_undefined()
    {
        let asked = storage
            .unchecked_into::<web_sys::StorageManager>()
            .persist();
        if let Ok(promise) = asked {
            spawn_local(async move {
                let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
            });
        }
    }
}
