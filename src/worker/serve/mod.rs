//! The engine's end of the worker.
//!
//! One task takes the requests one after the other; between two steps of any work it lets the
//! browser deliver messages, so that Pause and Cancel arrive.
//!
//! | part | what it does |
//! |---|---|
//! | `page` | events to the page, and the last ones of a crash |
//! | `control` | the requests that wait; pause and cancel |
//! | `steps` | what long work calls after every step |
//! | `user_files` | files of the person's disk, beside a request |
//! | `session` | dispatch of requests |
//! | `device` | the device, its memory |
//! | `model` | the base model: catalogue, download, plan, load, offload |
//! | `decompose` | the factors of its weights, made by a pool of workers |
//! | `pictures` | the subjects' pictures, collages |
//! | `deltas` | open deltas: describe, combine, share, export |
//! | `generate` | generated and edited pictures |
//! | `runs` | training and checkpoints |

mod control;
mod decompose;
mod deltas;
mod device;
mod generate;
mod model;
mod page;
mod pictures;
mod runs;
mod session;
mod steps;
mod user_files;

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
    if page::scope().name() == decompose::worker::NAME {
        return decompose::worker::start();
    }
    page::install_last_words();
    let control = match Control::new() {
        Ok(control) => Rc::new(control),
        Err(why) => return page::fell(&format!("no message channel: {why:?}")),
    };
    let inbox = control.clone();
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let data = message.data();
        match serde_wasm_bindgen::from_value::<Message>(data.clone()) {
            Ok(message) => inbox.hear(message, user_files::beside(&data)),
            Err(why) => {
                let id = serde_wasm_bindgen::from_value::<OnlyId>(data).ok();
                let id = id.map(|only| only.id);
                page::answer(&Answer::refused(id, &why.to_string()));
            }
        }
    });
    page::scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    listener.forget();
    spawn_local(Session::new(control).run());
    page::answer(&Answer {
        id: None,
        event: Event::Ready,
    });
}
