//! The engine's end of the worker.
//!
//! One task takes the requests one after the other; between two steps of any work it lets the
//! browser deliver messages, so that Pause and Cancel arrive.
//!
//! | file | what it does |
//! |---|---|
//! | `post` | events to the page, the last words of a panic |
//! | `control` | the queue of requests, Pause and Cancel, yielding |
//! | `device` | which device, and why it |
//! | `store` | files in the browser's private file system |
//! | `bases` | the catalogue, what is kept of bases |
//! | `sources` | where bases come from |
//! | `picked` | files of the person's disk, beside a request |
//! | `loading` | a base, from its plan to its weights on the device |
//! | `planning` | what a base takes of memory, and what is done by that |
//! | `gpu_bytes` | what it really takes of a GPU's |
//! | `give_back` | what a GPU's allocator holds and nothing uses |
//! | `idle` | what a run does not need, let go of and brought back |
//! | `session` | what is loaded; one request at a time |
//! | `watch` | what long work calls after every step |
//! | `decomposing` | the base's parts, decomposed as far as they are needed |
//! | `crew` | workers that take matrices apart for it |
//! | `decomposer` | such a worker's own end |
//! | `factors` | what is kept of it |
//! | `pictures` | the subjects' pictures, cropped |
//! | `collages` | two subjects in one picture, before training |
//! | `recipe` | what the page asks for as settings, and back |
//! | `training` | a run from its settings or its checkpoint to the delta |
//! | `making` | pictures, with and without deltas |
//! | `checking` | the device against the reference |
//! | `deltas` | delta files in |
//! | `combining` | one delta of several |
//! | `sharing` | a delta as a link, with other words, as it was at a preview |
//! | `exporting` | deltas for other programs |
//! | `editing` | one picture, edited by its prompt |
//! | `pace` | steps per second and time left |

mod bases;
mod checking;
mod collages;
mod combining;
mod control;
mod crew;
mod decomposer;
mod decomposing;
mod deltas;
mod device;
mod editing;
mod exporting;
mod factors;
mod give_back;
mod gpu_bytes;
mod idle;
mod loading;
mod making;
mod pace;
mod picked;
mod pictures;
mod planning;
mod post;
mod recipe;
mod session;
mod sharing;
mod sources;
mod store;
mod training;
mod watch;

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;

use self::control::Control;
use self::session::Session;
use super::protocol::{Answer, Event, Message, OnlyId};

/// Begins to listen; the worker's `main`. A worker of the engine's own crew knows by its name that
/// it is no engine.
pub fn start() {
    if post::scope().name() == decomposer::NAME {
        return decomposer::start();
    }
    post::install_last_words();
    let control = match Control::new() {
        Ok(control) => Rc::new(control),
        Err(why) => return post::fell(&format!("no message channel: {why:?}")),
    };
    let inbox = control.clone();
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let data = message.data();
        match serde_wasm_bindgen::from_value::<Message>(data.clone()) {
            Ok(message) => inbox.hear(message, picked::beside(&data)),
            Err(why) => {
                let id = serde_wasm_bindgen::from_value::<OnlyId>(data).ok();
                let id = id.map(|only| only.id);
                post::answer(&Answer::refused(id, &why.to_string()));
            }
        }
    });
    post::scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    listener.forget();
    spawn_local(Session::new(control).run());
    post::answer(&Answer {
        id: None,
        event: Event::Ready,
    });
}
