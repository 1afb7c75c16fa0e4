//! Links out, and links in.

use std::sync::Arc;

use js_sys::{Array, Uint8Array};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RequestCredentials, RequestInit, Response};

use crate::ui::browser::api;
use crate::ui::sharing::link::{Demo, LIMIT, Link, Source};
use crate::ui::state::{Arrival, Booth, Gravity, OpenDelta, Packed};
use crate::ui::text;
use crate::worker::protocol::{DeltaSummary, Request};

/// Characters of a link that are not the delta: the page's address and a prompt with its numbers.
const REST: usize = 600;
/// Larger files are not fetched.
const FILE_LIMIT: usize = 64 << 20;

impl Booth {
    /// Makes an open delta the text of a link.
    pub fn pack_delta(self, id: &str) {
        self.forget_messages();
        self.packed.set(None);
        self.send(Request::PackDelta {
            id: id.to_owned(),
            limit: LIMIT - REST,
        });
    }

    /// The text is there.
    pub fn on_packed(self, id: String, text: String, error: f64) {
        self.packed.set(Some(Packed { id, text, error }));
    }

    /// What a link to the picture of the fields carries; tracked.
    pub fn demo(self, strength: f64) -> Demo {
        let fields = &self.generate;
        Demo {
            prompt: Some(self.prompt()),
            negative: Some(fields.negative_prompt.get()).filter(|words| !words.is_empty()),
            seed: Some(fields.seed.get() as u64),
            steps: Some(fields.steps.get() as u32),
            guidance: Some(fields.guidance_scale.get()),
            sampler: Some(fields.sampler.get()),
            strength: Some(strength),
        }
    }

    /// Puts words on the clipboard.
    pub fn copy(self, words: String) {
        spawn_local(async move {
            let copied = match api::of_navigator("clipboard") {
                Some(clipboard) => api::call(&clipboard, "writeText", &[words.into()]).await,
                None => Err(JsValue::UNDEFINED),
            };
            match copied {
                Ok(_) => self.tell(Gravity::Note, text::COPIED.to_owned()),
                Err(_) => self.tell(Gravity::Warning, text::NOT_COPIED.to_owned()),
            }
        });
    }

    /// Opens the system's share sheet with a link, or with the delta's file where it takes one.
    pub fn share(self, open: &OpenDelta, url: Option<String>) {
        let title = text::shorten(&open.summary.title, 120);
        let (file, name) = (open.file.clone(), open.file_name.clone());
        spawn_local(async move {
            let data = js_sys::Object::new();
            let set = |key: &str, value: &JsValue| js_sys::Reflect::set(&data, &key.into(), value);
            let _ = set("title", &title.into());
            match url {
                Some(url) => {
                    let _ = set("url", &url.into());
                }
                None => {
                    let parts = Array::of1(&Uint8Array::from(file.as_slice()));
                    if let Ok(file) = web_sys::File::new_with_u8_array_sequence(&parts, &name) {
                        let _ = set("files", &Array::of1(&file));
                    }
                }
            }
            let shared = api::call(&window().navigator(), "share", &[data.into()]).await;
            // To close the sheet is no failure.
            if let Err(why) = shared
                && api::get(&why, "name")
                    .and_then(|n| n.as_string())
                    .as_deref()
                    != Some("AbortError")
            {
                self.tell(Gravity::Warning, text::NOT_SHARED.to_owned());
            }
        });
    }

    /// Reads the page's address, now and whenever its fragment changes.
    pub fn follow_links(self) {
        let read = move || {
            let fragment = window().location().hash().unwrap_or_default();
            if let Some(link) = Link::parse(&fragment) {
                self.on_link(link);
            }
        };
        read();
        window_event_listener(leptos::ev::hashchange, move |_| read());
    }

    fn on_link(self, link: Link) {
        match link.source {
            Source::Carried(packed) => {
                self.arrival.set(Some(Arrival::Reading(link.demo)));
                self.send(Request::UnpackDelta { text: packed });
            }
            Source::Hosted { url, sha256 } => {
                let here = window().location().href().unwrap_or_default();
                let Ok(url) = web_sys::Url::new_with_base(&url, &here) else {
                    return self.tell(Gravity::Error, text::LINK_WRONG.to_owned());
                };
                if url.protocol() != "https:" && url.origin() != window().origin() {
                    return self.tell(Gravity::Error, text::LINK_INSECURE.to_owned());
                }
                self.arrival.set(Some(Arrival::Elsewhere {
                    url: url.href(),
                    host: url.host(),
                    sha256,
                    demo: link.demo,
                }));
            }
        }
    }

    /// The delta of a link is read.
    pub fn on_unpacked(self, summary: DeltaSummary, file_name: String, file: Vec<u8>) {
        let demo = match self.arrival.get_untracked() {
            Some(Arrival::Reading(demo)) => demo,
            _ => Demo::default(),
        };
        self.arrival.set(Some(Arrival::Here {
            summary: Box::new(summary),
            file_name,
            file: Arc::new(file),
            demo,
        }));
    }

    /// Fetches a delta from where a link says, after the person agreed.
    pub fn fetch_arrival(self) {
        let Some(Arrival::Elsewhere {
            url, sha256, demo, ..
        }) = self.arrival.get_untracked()
        else {
            return;
        };
        self.arrival.set(Some(Arrival::Reading(demo.clone())));
        spawn_local(async move {
            match fetch(&url, &sha256).await {
                Ok(file) => {
                    self.arrival.set(None);
                    self.demo.set(Some(demo));
                    let name = url.rsplit('/').next().unwrap_or_default();
                    let name = name.split(['?', '#']).next().unwrap_or_default();
                    self.open_delta(text::shorten(name, 100), Arc::new(file), false);
                }
                Err(why) => {
                    self.arrival.set(None);
                    self.tell(Gravity::Error, why);
                }
            }
        });
    }

    /// Opens the delta that a link brought.
    pub fn accept_arrival(self) {
        if let Some(Arrival::Here {
            file_name,
            file,
            demo,
            ..
        }) = self.arrival.get_untracked()
        {
            self.arrival.set(None);
            self.demo.set(Some(demo));
            self.open_delta(file_name, file, false);
        }
    }

    /// The delta of a link is open: its prompt goes into the field, and its picture is made.
    pub fn show_demo(self, open: &OpenDelta) {
        let Some(demo) = self.demo.get_untracked() else {
            return;
        };
        self.demo.set(None);
        let fields = &self.generate;
        fields.prompt.set(demo.prompt.clone());
        if let Some(strength) = demo.strength {
            open.strength.set(strength);
        }
        if let Some(words) = demo.negative {
            fields.negative_prompt.set(words);
        }
        if let Some(seed) = demo.seed {
            fields.seed.set(seed as f64);
        }
        if let Some(steps) = demo.steps {
            fields.steps.set(f64::from(steps));
        }
        if let Some(scale) = demo.guidance {
            fields.guidance_scale.set(scale);
        }
        if let Some(sampler) = demo.sampler {
            fields.sampler.set(sampler);
        }
        if demo.prompt.is_some() {
            fields.count.set(1.0);
            self.make_pictures();
        } else if let Some(field) = document().get_element_by_id("prompt") {
            focus(&field);
        }
    }
}

/// Moves the focus, and the view, to an element.
pub fn focus(element: &web_sys::Element) {
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        // Without focus the person finds it by themselves.
        let _ = element.focus();
    }
}

/// The page's own address, without query and fragment, and then a link's fragment.
pub fn address(link: &Link) -> String {
    let location = window().location();
    let origin = location.origin().unwrap_or_default();
    let path = location.pathname().unwrap_or_default();
    format!("{origin}{path}{}", link.fragment())
}

/// SHA-256 of a file, where the browser has the means.
pub async fn sha256(file: &[u8]) -> Option<String> {
    let crypto = api::get(&window(), "crypto")?;
    let subtle = api::get(&crypto, "subtle")?;
    let args = ["SHA-256".into(), Uint8Array::from(file).into()];
    let digest = api::call(&subtle, "digest", &args).await.ok()?;
    let digest = Uint8Array::new(&digest).to_vec();
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A file from anywhere, without cookies and without the page's address; browsers add the page's
/// origin by themselves.
async fn fetch(url: &str, expected: &str) -> Result<Vec<u8>, String> {
    let init = RequestInit::new();
    init.set_method("GET");
    init.set_credentials(RequestCredentials::Omit);
    init.set_referrer_policy(web_sys::ReferrerPolicy::NoReferrer);
    let promise = window().fetch_with_str_and_init(url, &init);
    let answer = wasm_bindgen_futures::JsFuture::from(promise).await;
    let response: Response = answer
        .ok()
        .and_then(|answer| answer.dyn_into().ok())
        .ok_or_else(|| text::LINK_UNREACHABLE.to_owned())?;
    if !response.ok() {
        return Err(text::link_refused(response.status()));
    }
    let length = response.headers().get("content-length").ok().flatten();
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > FILE_LIMIT) {
        return Err(text::LINK_TOO_LARGE.to_owned());
    }
    let body = response
        .array_buffer()
        .map_err(|_| text::LINK_UNREACHABLE.to_owned())?;
    let body = wasm_bindgen_futures::JsFuture::from(body).await;
    let file = body.map_err(|_| text::LINK_UNREACHABLE.to_owned())?;
    let file = Uint8Array::new(&file);
    if file.length() as usize > FILE_LIMIT {
        return Err(text::LINK_TOO_LARGE.to_owned());
    }
    let file = file.to_vec();
    match sha256(&file).await {
        Some(found) if !expected.is_empty() && found != expected => {
            Err(text::link_hash(expected, &found))
        }
        _ => Ok(file),
    }
}
