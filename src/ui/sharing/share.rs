//! Sharing an open delta: as a link that carries it, or through the system's share sheet.

use js_sys::{Array, Uint8Array};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;

use super::link::{Demo, MAX_LINK};
use crate::ui::{
    browser::api,
    deltas::state::OpenDelta,
    engine::connection::Engine,
    generate::state::Generate,
    messages::state::{Messages, Severity},
    text,
};
use crate::worker::protocol::Request;

/// Characters of a link that are not the delta: the page's address, and a prompt with its settings.
const RESERVED: usize = 600;

/// A delta as the text of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedDelta {
    /// The id of the delta.
    pub id: String,
    /// The text.
    pub text: String,
    /// Relative error of the rounding.
    pub error: f64,
}

/// Sharing an open delta.
#[derive(Clone, Copy)]
pub struct Share {
    /// The delta that was packed last.
    pub packed: RwSignal<Option<PackedDelta>>,
    engine: Engine,
    messages: Messages,
    generate: Generate,
}

impl Share {
    /// No packed delta.
    pub fn new(engine: Engine, messages: Messages, generate: Generate) -> Self {
        Self {
            packed: RwSignal::new(None),
            engine,
            messages,
            generate,
        }
    }

    /// Packs an open delta as the text of a link.
    pub fn pack(self, id: &str) {
        self.messages.clear();
        self.packed.set(None);
        self.engine.send(Request::PackDelta {
            id: id.to_owned(),
            limit: MAX_LINK - RESERVED,
        });
    }

    /// A demo of the current prompt and settings; tracked.
    pub fn demo(self, strength: f64) -> Demo {
        let config = self.generate.settings.config.get();
        Demo {
            prompt: Some(self.generate.prompt()),
            negative: Some(config.negative_prompt).filter(|words| !words.is_empty()),
            seed: Some(config.seed),
            steps: Some(config.num_inference_steps as u32),
            guidance: Some(config.guidance_scale),
            sampler: Some(config.sampler),
            strength: Some(strength),
        }
    }

    /// Opens the system's share sheet with a link, or with the delta's file without one.
    pub fn open_sheet(self, delta: &OpenDelta, url: Option<String>) {
        let title = text::shorten(&delta.summary.title, 120);
        let (file, name) = (delta.file.clone(), delta.file_name.clone());
        spawn_local(async move {
            let data = share_data(&title, url, &file, &name);
            let shared = api::call(&window().navigator(), "share", &[data.into()]).await;
            let error = shared.err().map(|error| {
                let name = api::get(&error, "name");
                name.and_then(|name| name.as_string())
            });
            // The user closed the sheet: no error.
            let is_error = error.is_some_and(|name| name.as_deref() != Some("AbortError"));
            if is_error {
                self.messages.tell(Severity::Warning, text::NOT_SHARED);
            }
        });
    }
}

/// The argument of `navigator.share`.
fn share_data(title: &str, url: Option<String>, file: &[u8], name: &str) -> js_sys::Object {
    let data = js_sys::Object::new();
    let set = |key: &str, value: &JsValue| js_sys::Reflect::set(&data, &key.into(), value);
    let _ = set("title", &title.into());
    match url {
        Some(url) => {
            let _ = set("url", &url.into());
        }
        None => {
            let parts = Array::of1(&Uint8Array::from(file));
            if let Ok(file) = web_sys::File::new_with_u8_array_sequence(&parts, name) {
                let _ = set("files", &Array::of1(&file));
            }
        }
    }
    data
}

/// The page's address without query and fragment.
pub fn page_address() -> String {
    let location = window().location();
    let origin = location.origin().unwrap_or_default();
    let path = location.pathname().unwrap_or_default();
    format!("{origin}{path}")
}
