//! Events to the page, and the last words of an engine that falls.

use std::cell::Cell;

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::DedicatedWorkerGlobalScope;

use crate::error::Error;
use crate::worker::protocol::{Answer, Event, RequestId, Task};

thread_local! {
    /// The piece of work under way: what a panic is blamed on.
    static TASK: Cell<Task> = const { Cell::new(Task::Load) };
    /// The request under way.
    static REQUEST: Cell<Option<RequestId>> = const { Cell::new(None) };
    static ON_GPU: Cell<bool> = const { Cell::new(false) };
    static FELL: Cell<bool> = const { Cell::new(false) };
}

/// Longest part of a panic's or a driver's message that is passed on.
const REASON: usize = 300;

/// The worker's global scope.
pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Tells the page something of the request under way.
pub(crate) fn post(event: &Event) {
    answer(&Answer {
        id: REQUEST.get(),
        event: event.clone(),
    });
}

/// Tells the page something.
pub(crate) fn answer(answer: &Answer) {
    let posted = serde_wasm_bindgen::to_value(answer)
        .map_err(JsValue::from)
        .and_then(|value| scope().post_message(&value));
    if let Err(why) = posted {
        // Without this the page would wait for ever.
        fell(&format!("an event could not be posted: {why:?}"));
    }
}

/// From now on events belong to this request.
pub(crate) fn set_request(id: Option<RequestId>) {
    REQUEST.set(id);
}

/// Tells the page how far the work under way has come.
pub(crate) fn progress(task: Task, done: usize, total: usize) {
    post(&Event::Progress {
        task,
        done: done as u64,
        total: total as u64,
    });
}

/// Tells the page something that stops nothing.
pub(crate) fn warn(message: impl Into<String>) {
    post(&Event::Warning {
        message: message.into(),
    });
}

/// From now on the work is `task`.
pub(crate) fn begin(task: Task) {
    TASK.set(task);
}

/// The work under way.
pub(crate) fn task() -> Task {
    TASK.get()
}

/// Which kind of device the last words should speak of.
pub(crate) fn on_gpu(gpu: bool) {
    ON_GPU.set(gpu);
}

/// Posts the engine's last words, once: Burn may panic again and again on a lost device.
pub(crate) fn fell(why: &str) {
    if FELL.replace(true) {
        return;
    }
    let why: String = why.chars().take(REASON).collect();
    let message = if ON_GPU.get() {
        format!(
            "The GPU stopped working ({why}). It usually ran out of memory or its driver was reset: close other tabs and programs that use it, then start the engine again. A training run goes on from its last checkpoint. If it happens again, add ?device=cpu to the page's address."
        )
    } else {
        format!(
            "The engine stopped ({why}). It usually ran out of memory: close other tabs, then start the engine again. A training run goes on from its last checkpoint."
        )
    };
    let answer = Answer {
        id: REQUEST.get(),
        event: Event::Failed {
            task: TASK.get(),
            error: Error::Device(message),
        },
    };
    if let Ok(value) = serde_wasm_bindgen::to_value(&answer) {
        let _ = scope().post_message(&value);
    }
}

/// From now on a panic tells the page before the worker dies; so does a promise that fails
/// unheard, which is how a WebAssembly trap inside a task shows itself.
pub(crate) fn install_last_words() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let place = info.location().map_or(String::new(), |at| {
            format!(", {}:{}", file(at.file()), at.line())
        });
        fell(&format!(
            "{}{place}",
            info.payload_as_str().unwrap_or("without a message")
        ));
    }));
    let unheard = Closure::<dyn Fn(JsValue)>::new(|event: JsValue| {
        let reason = js_sys::Reflect::get(&event, &"reason".into()).unwrap_or_default();
        fell(&describe(&reason));
    });
    let _ = scope()
        .add_event_listener_with_callback("unhandledrejection", unheard.as_ref().unchecked_ref());
    unheard.forget();
}

/// A source file without the folders of the machine that it was built on.
fn file(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What a JavaScript exception says of itself.
pub(crate) fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}
