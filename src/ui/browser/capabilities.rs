//! What the browser has and lacks, and what it is asked for while a run lasts: to stay awake, to
//! say when it is done, to warn before the tab is closed.

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::ui::browser::api;
use crate::ui::messages::report::{report, without_quotes};
use crate::ui::state::{Booth, Gravity};
use crate::ui::text;
use crate::worker::protocol::Task;

/// Gigabytes of memory below which a training may not fit beside other tabs.
const LITTLE_MEMORY: f64 = 4.0;

/// Something that a person should know before they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// No WebGPU at all.
    WebGpu,
    /// WebGPU, but no GPU that is worth using.
    Gpu,
    /// Little memory.
    Memory,
    /// Nothing is kept when the tab closes.
    Storage,
}

/// True if the browser has WebGPU.
pub fn has_webgpu() -> bool {
    api::of_navigator("gpu").is_some()
}

/// True if the person asked the browser to fetch little.
pub fn saves_data() -> bool {
    api::of_navigator("connection")
        .and_then(|connection| api::get(&connection, "saveData"))
        .is_some_and(|saves| saves.is_truthy())
}

/// What is lacking as the page opens.
pub fn lacks() -> Vec<Lack> {
    let mut lacks = Vec::new();
    if !has_webgpu() {
        lacks.push(Lack::WebGpu);
    }
    let memory = api::of_navigator("deviceMemory").and_then(|memory| memory.as_f64());
    if memory.is_some_and(|memory| memory < LITTLE_MEMORY) {
        lacks.push(Lack::Memory);
    }
    lacks
}

impl Booth {
    /// Holds the screen awake and the tab open while it trains.
    pub fn watch_training(self) {
        let lock = StoredValue::new_local(None::<JsValue>);
        let busy = Memo::new(move |_| self.is_training());
        Effect::new(move |_| {
            if busy.get() {
                spawn_local(async move { lock.set_value(wake_lock().await) });
            } else if let Some(held) = lock.try_update_value(Option::take).flatten() {
                spawn_local(async move {
                    // It may have gone by itself.
                    let _ = api::call(&held, "release", &[]).await;
                });
            }
        });
        // The browser lets it go with every hidden tab.
        window_event_listener(ev::visibilitychange, move |_| {
            if busy.get_untracked() && !document().hidden() {
                spawn_local(async move { lock.set_value(wake_lock().await) });
            }
        });
        window_event_listener(ev::beforeunload, move |event| {
            if busy.get_untracked() {
                event.prevent_default();
            }
        });
    }

    /// Turns the notification at the end of a training on or off.
    pub fn set_notify(self, on: bool) {
        self.notify.set(on);
        api::remember("notify", if on { "yes" } else { "no" });
        if !on {
            return;
        }
        spawn_local(async move {
            let asked = match Notification::request_permission() {
                Ok(promise) => wasm_bindgen_futures::JsFuture::from(promise).await.ok(),
                Err(_) => None,
            };
            if asked.and_then(|answer| answer.as_string()).as_deref() != Some("granted") {
                self.notify.set(false);
                self.tell(Gravity::Note, text::NOT_NOTIFIED.to_owned());
            }
        });
    }

    /// Says that the training is done, to those who look at something else.
    pub fn notify_trained(self) {
        if self.notify.get_untracked()
            && document().hidden()
            && Notification::permission() == NotificationPermission::Granted
        {
            let options = NotificationOptions::new();
            options.set_body(text::NOTIFY_BODY);
            // Phones allow it to service workers only: then there is none.
            let _ = Notification::new_with_options(text::NAME, &options);
        }
    }

    /// Puts a report on the clipboard that holds no pictures, prompts or names.
    pub fn copy_report(self, task: Task, kind: &str, words: &str) {
        let device = self.device.get_untracked();
        let agent = window().navigator().user_agent().unwrap_or_default();
        let lines = [
            ("DeltaBooth", env!("CARGO_PKG_VERSION").to_owned()),
            ("failed", format!("{task:?}, {kind}")),
            ("message", without_quotes(words)),
            ("engine", format!("{:?}", self.engine.get_untracked())),
            (
                "device",
                device.map_or_else(String::new, |d| format!("{:?}, {}", d.kind, d.name)),
            ),
            ("base", self.base_hash.get_untracked().unwrap_or_default()),
            (
                "memory",
                self.plans.used.with_untracked(|all| {
                    let told: Vec<String> = all.iter().map(text::used_report).collect();
                    told.join("; ")
                }),
            ),
            ("browser", agent),
        ];
        self.copy(report(&lines));
    }

    /// Keeps the page for visits without a connection, once everything has been fetched.
    pub fn work_offline(self) {
        let Some(workers) = api::of_navigator("serviceWorker") else {
            return;
        };
        spawn_local(async move {
            // Over plain HTTP there is none; the page works as it did.
            let _ = api::call(&workers, "register", &["sw.js".into()]).await;
        });
    }
}

/// A lock on the screen, where there is one to be had.
async fn wake_lock() -> Option<JsValue> {
    let wake = api::of_navigator("wakeLock")?;
    api::call(&wake, "request", &["screen".into()]).await.ok()
}

/// Whether the system can share a link.
pub fn can_share() -> bool {
    api::of_navigator("share").is_some_and(|share| share.is_function())
}

/// Whether there is a camera to ask for.
pub fn has_camera() -> bool {
    api::of_navigator("mediaDevices")
        .and_then(|devices| api::get(&devices, "getUserMedia"))
        .is_some_and(|method| method.is_instance_of::<js_sys::Function>())
}
