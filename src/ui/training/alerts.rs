//! While training: the screen stays on, closing the tab warns, the end is notified.

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use super::state::Training;
use crate::ui::{browser::api, engine::activity::Activity, messages::state::Severity, text};

/// Keeps the screen on and warns before the tab is closed, while training.
pub fn keep_awake(activity: Activity) {
    let lock = StoredValue::new_local(None::<JsValue>);
    let training = Memo::new(move |_| activity.is_training());
    Effect::new(move |_| {
        if training.get() {
            spawn_local(async move { lock.set_value(wake_lock().await) });
        } else if let Some(held) = lock.try_update_value(Option::take).flatten() {
            spawn_local(async move {
                // The browser may have released it already.
                let _ = api::call(&held, "release", &[]).await;
            });
        }
    });
    // Browsers release the lock when the tab is hidden.
    window_event_listener(ev::visibilitychange, move |_| {
        if training.get_untracked() && !document().hidden() {
            spawn_local(async move { lock.set_value(wake_lock().await) });
        }
    });
    window_event_listener(ev::beforeunload, move |event| {
        if training.get_untracked() {
            event.prevent_default();
        }
    });
}

/// Requests a lock on the screen; `None` if the browser gives none.
async fn wake_lock() -> Option<JsValue> {
    let wake = api::of_navigator("wakeLock")?;
    api::call(&wake, "request", &["screen".into()]).await.ok()
}

impl Training {
    /// Turns the notification at the end of training on or off.
    pub fn set_notify(self, on: bool) {
        self.notify.set(on);
        api::remember("notify", if on { "yes" } else { "no" });
        if !on {
            return;
        }
        spawn_local(async move {
            let asked = match Notification::request_permission() {
                Ok(promise) => JsFuture::from(promise).await.ok(),
                Err(_) => None,
            };
            if asked.and_then(|answer| answer.as_string()).as_deref() != Some("granted") {
                self.notify.set(false);
                self.messages.tell(Severity::Note, text::NOT_NOTIFIED);
            }
        });
    }

    /// Notifies the user that training is done, if the tab is hidden.
    pub(super) fn notify_trained(self) {
        if self.notify.get_untracked()
            && document().hidden()
            && Notification::permission() == NotificationPermission::Granted
        {
            let options = NotificationOptions::new();
            options.set_body(text::NOTIFY_BODY);
            // Phones allow notifications only from service workers; then there is none.
            let _ = Notification::new_with_options(text::NAME, &options);
        }
    }
}
