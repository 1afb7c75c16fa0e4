//! A delta that a link brought to this page.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{
    fetch::fetch,
    link::{Demo, Link, Source},
};
use crate::config::GenerateConfigStoreFields;
use crate::ui::{
    deltas::state::{Deltas, OpenDelta},
    engine::connection::Engine,
    generate::state::Generate,
    messages::state::{Messages, Severity},
    text,
};
use crate::worker::protocol::{DeltaSummary, Request};

/// A delta that a link brought.
#[derive(Clone, Debug, PartialEq)]
pub enum SharedDelta {
    /// It is being unpacked or fetched.
    Reading(Demo),
    /// It is on another site and not fetched yet.
    Remote {
        /// Its address.
        url: String,
        /// The host of the address.
        host: String,
        /// SHA-256 of the file; empty if the link does not contain it.
        sha256: String,
        /// A picture to make with it.
        demo: Demo,
    },
    /// It is unpacked and not opened yet.
    Unpacked {
        /// Its metadata; untrusted.
        summary: Box<DeltaSummary>,
        /// A name for its file.
        file_name: String,
        /// Its file.
        file: Arc<Vec<u8>>,
        /// A picture to make with it.
        demo: Demo,
    },
}

/// The shared delta, if the page was opened with one.
#[derive(Clone, Copy)]
pub struct SharedLink {
    /// The delta, until it is opened or dismissed.
    pub delta: RwSignal<Option<SharedDelta>>,
    /// A picture to make once the delta is open.
    demo: RwSignal<Option<Demo>>,
    engine: Engine,
    messages: Messages,
    deltas: Deltas,
    generate: Generate,
}

impl SharedLink {
    /// No shared delta.
    pub fn new(engine: Engine, messages: Messages, deltas: Deltas, generate: Generate) -> Self {
        Self {
            delta: RwSignal::new(None),
            demo: RwSignal::new(None),
            engine,
            messages,
            deltas,
            generate,
        }
    }

    /// Reads the fragment of the page's address, now and whenever it changes.
    pub fn follow(self) {
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
                self.delta.set(Some(SharedDelta::Reading(link.demo)));
                self.engine.send(Request::UnpackDelta { text: packed });
            }
            Source::Hosted { url, sha256 } => {
                let here = window().location().href().unwrap_or_default();
                let Ok(url) = web_sys::Url::new_with_base(&url, &here) else {
                    return self.messages.tell(Severity::Error, text::LINK_WRONG);
                };
                if url.protocol() != "https:" && url.origin() != window().origin() {
                    return self.messages.tell(Severity::Error, text::LINK_INSECURE);
                }
                self.delta.set(Some(SharedDelta::Remote {
                    url: url.href(),
                    host: url.host(),
                    sha256,
                    demo: link.demo,
                }));
            }
        }
    }

    /// The engine has unpacked the delta.
    pub fn on_unpacked(self, summary: DeltaSummary, file_name: String, file: Vec<u8>) {
        let demo = match self.delta.get_untracked() {
            Some(SharedDelta::Reading(demo)) => demo,
            _ => Demo::default(),
        };
        self.delta.set(Some(SharedDelta::Unpacked {
            summary: Box::new(summary),
            file_name,
            file: Arc::new(file),
            demo,
        }));
    }

    /// Fetches the delta from another site, after the user agreed, and opens it.
    pub fn fetch(self) {
        let Some(SharedDelta::Remote {
            url, sha256, demo, ..
        }) = self.delta.get_untracked()
        else {
            return;
        };
        self.delta.set(Some(SharedDelta::Reading(demo.clone())));
        spawn_local(async move {
            match fetch(&url, &sha256).await {
                Ok(file) => {
                    let name = url.rsplit('/').next().unwrap_or_default();
                    let name = name.split(['?', '#']).next().unwrap_or_default();
                    self.open(text::shorten(name, 100), Arc::new(file), demo);
                }
                Err(why) => {
                    self.delta.set(None);
                    self.messages.tell(Severity::Error, why);
                }
            }
        });
    }

    /// Opens the unpacked delta.
    pub fn accept(self) {
        if let Some(SharedDelta::Unpacked {
            file_name,
            file,
            demo,
            ..
        }) = self.delta.get_untracked()
        {
            self.open(file_name, file, demo);
        }
    }

    fn open(self, name: String, file: Arc<Vec<u8>>, demo: Demo) {
        self.delta.set(None);
        self.demo.set(Some(demo));
        self.deltas.open_file(name, file, false);
    }

    /// The shared delta is open: shows the settings of its demo and makes its picture.
    pub fn show_demo(self, open: &OpenDelta) {
        let Some(demo) = self.demo.get_untracked() else {
            return;
        };
        self.demo.set(None);
        let settings = &self.generate.settings;
        settings.prompt.set(demo.prompt.clone());
        if let Some(strength) = demo.strength {
            open.strength.set(strength);
        }
        if let Some(words) = demo.negative {
            settings.config.negative_prompt().set(words);
        }
        if let Some(seed) = demo.seed {
            settings.config.seed().set(seed);
        }
        if let Some(steps) = demo.steps {
            settings.config.num_inference_steps().set(steps as usize);
        }
        if let Some(scale) = demo.guidance {
            settings.config.guidance_scale().set(scale);
        }
        if let Some(sampler) = demo.sampler {
            settings.config.sampler().set(sampler);
        }
        if demo.prompt.is_some() {
            settings.config.num_images_per_prompt().set(1);
            self.generate.start();
        } else if let Some(field) = document().get_element_by_id("prompt") {
            focus(&field);
        }
    }
}

/// Moves the focus to an element.
pub fn focus(element: &web_sys::Element) {
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        // Not essential: the user can still find the element.
        let _ = element.focus();
    }
}
