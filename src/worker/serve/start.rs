//! The worker's `main`.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;

use crate::worker::protocol::{Message, OnlyId};
use crate::worker::serve::browser::page::BrowserPage;
use crate::worker::serve::browser::scope::scope;
use crate::worker::serve::browser::{crash, user_files};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::worker;
use crate::worker::serve::device::adapter::BrowserDevices;
use crate::worker::serve::engine::Engine;
use crate::worker::serve::model::browser::library::BrowserLibrary;
use crate::worker::serve::stores::Stores;

/// Begins to listen. A worker of the engine's own pool is told by its name.
pub fn start() {
    if scope().name() == worker::NAME {
        return worker::start();
    }
    crash::install_hooks();
    let page = match BrowserPage::new() {
        Ok(page) => page,
        Err(why) => return crash::report(&format!("no message channel: {why:?}")),
    };
    let cx = Context::new(Box::new(page));
    listen(cx.clone());
    let devices = Box::new(BrowserDevices::default());
    let stores = Stores::new(devices, Box::new(BrowserLibrary::default()));
    spawn_local(Engine::new(cx, stores).run());
}

/// Gives all messages of the page to the context.
fn listen(cx: Rc<Context>) {
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
        let data = message.data();
        match serde_wasm_bindgen::from_value::<Message>(data.clone()) {
            Ok(message) => cx.hear(message, user_files::beside(&data)),
            Err(why) => {
                let id = serde_wasm_bindgen::from_value::<OnlyId>(data).ok();
                cx.refuse(id.map(|only| only.id), &why.to_string());
            }
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    listener.forget();
}
