//! The worker itself: its start, its messages, its end.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, File, MessageEvent, Worker};

use crate::worker::protocol::{Answer, FILES, Message};

/// The script that starts the worker; trunk puts it beside the page.
const SCRIPT: &str = "engine_loader.js";
/// Milliseconds after the start until [`Heard::Nothing`].
const PATIENCE_MS: u32 = 90_000;

/// A file on the person's disk and its path in the model's folder.
pub type PickedFile = (String, File);

/// What comes from a worker.
pub(super) enum Heard {
    /// An answer.
    Answer(Answer),
    /// A message that cannot be read, and why.
    Unknown(String),
    /// The worker stopped, and why.
    Stopped(String),
    /// The worker's time to start is over.
    Nothing,
}

/// A worker with its listeners.
pub(super) struct Connection {
    worker: Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(web_sys::Event)>,
    _patience: Timeout,
}

impl Connection {
    /// Starts a worker; `hear` gets what comes from it.
    ///
    /// # Errors
    /// The browser's.
    pub(super) fn start(hear: impl Fn(Heard) + 'static) -> Result<Self, JsValue> {
        let worker = Worker::new(SCRIPT)?;
        let hear = Rc::new(hear);
        let heard = hear.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            heard(
                match serde_wasm_bindgen::from_value::<Answer>(message.data()) {
                    Ok(answer) => Heard::Answer(answer),
                    Err(why) => Heard::Unknown(why.to_string()),
                },
            );
        });
        let heard = hear.clone();
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let why = event
                .dyn_ref::<ErrorEvent>()
                .map(ErrorEvent::message)
                .filter(|message| !message.is_empty());
            heard(Heard::Stopped(
                why.unwrap_or_else(|| "no reason was given".into()),
            ));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            _on_message: on_message,
            _on_error: on_error,
            _patience: Timeout::new(PATIENCE_MS, move || hear(Heard::Nothing)),
        })
    }

    /// Posts a message, with files beside it.
    ///
    /// # Errors
    /// The browser's.
    pub(super) fn post(&self, message: &Message, files: &[PickedFile]) -> Result<(), JsValue> {
        let value = serde_wasm_bindgen::to_value(message)?;
        self.worker.post_message(&with_files(value, files)?)
    }

    /// Ends the worker at once.
    pub(super) fn end(&self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// A posted message with files in it.
fn with_files(message: JsValue, files: &[PickedFile]) -> Result<JsValue, JsValue> {
    if files.is_empty() {
        return Ok(message);
    }
    let list = js_sys::Array::new();
    for (path, file) in files {
        let entry = js_sys::Object::new();
        js_sys::Reflect::set(&entry, &"path".into(), &path.into())?;
        js_sys::Reflect::set(&entry, &"file".into(), file)?;
        list.push(&entry);
    }
    js_sys::Reflect::set(&message, &FILES.into(), &list)?;
    Ok(message)
}
