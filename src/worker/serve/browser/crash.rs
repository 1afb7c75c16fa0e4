//! Reports of a crash: a panic, a trap, a lost device.

use std::cell::Cell;

use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::error::Error;
use crate::worker::protocol::{Answer, Event, RequestId, Task};
use crate::worker::serve::browser::scope::{describe, scope};

thread_local! {
    /// The request and the work under way, which a crash is blamed on.
    static WORK: Cell<(Option<RequestId>, Task)> = const { Cell::new((None, Task::Load)) };
    static ON_GPU: Cell<bool> = const { Cell::new(false) };
    static REPORTED: Cell<bool> = const { Cell::new(false) };
}

/// Longest part of a panic's or a driver's message that is passed on, in characters.
const REASON: usize = 300;

/// Says what is under way.
pub(crate) fn work_on(id: Option<RequestId>, task: Task) {
    WORK.set((id, task));
}

/// Says which kind of device reports are about.
pub(crate) fn set_gpu(gpu: bool) {
    ON_GPU.set(gpu);
}

/// Reports a crash to the page, once: Burn may panic again and again on a lost device.
pub(crate) fn report(why: &str) {
    if REPORTED.replace(true) {
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
    let (id, task) = WORK.get();
    let answer = Answer {
        id,
        event: Event::Failed {
            task,
            error: Error::Device(message),
        },
    };
    if let Ok(value) = serde_wasm_bindgen::to_value(&answer) {
        let _ = scope().post_message(&value);
    }
}

/// From now on a panic is reported to the page before the worker dies, and so is a promise that is
/// rejected without a handler, as a WebAssembly trap inside a task is.
pub(crate) fn install_hooks() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let place = info.location().map_or(String::new(), |at| {
            format!(", {}:{}", file(at.file()), at.line())
        });
        report(&format!(
            "{}{place}",
            info.payload_as_str().unwrap_or("without a message")
        ));
    }));
    let unheard = Closure::<dyn Fn(JsValue)>::new(|event: JsValue| {
        let reason = js_sys::Reflect::get(&event, &"reason".into()).unwrap_or_default();
        report(&describe(&reason));
    });
    let _ = scope()
        .add_event_listener_with_callback("unhandledrejection", unheard.as_ref().unchecked_ref());
    unheard.forget();
}

/// A source file without the folders of the machine that built it.
fn file(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
