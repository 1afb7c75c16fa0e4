//! The connection to the engine's worker. Every request of the page goes through [`Engine`].

use std::rc::Rc;

use leptos::prelude::*;

use crate::ui::browser::capabilities::saves_data;
use crate::worker::{
    client::{EngineClient, PickedFile},
    protocol::{Event, Request},
};

/// The state of the engine's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineStatus {
    /// Not fetched yet: the browser saves data, so the user is asked first.
    AwaitingConsent,
    /// The worker is being fetched and started.
    Starting,
    /// The base model is loading.
    Loading,
    /// Ready for work.
    Ready,
    /// Stopped; it can be restarted.
    Down,
}

/// The engine's worker, as the page sees it.
#[derive(Clone, Copy)]
pub struct Engine {
    /// The state of the worker.
    pub status: RwSignal<EngineStatus>,
    client: StoredValue<Option<EngineClient>, LocalStorage>,
    /// Requests made before the worker listened.
    outbox: StoredValue<Vec<Request>>,
    on_event: StoredValue<Option<Rc<dyn Fn(Event)>>, LocalStorage>,
}

impl Engine {
    /// Not started.
    pub fn new() -> Self {
        Self {
            status: RwSignal::new(if saves_data() {
                EngineStatus::AwaitingConsent
            } else {
                EngineStatus::Starting
            }),
            client: StoredValue::new_local(None),
            outbox: StoredValue::new(Vec::new()),
            on_event: StoredValue::new_local(None),
        }
    }

    /// Sets the function that receives every event.
    pub fn listen(self, on_event: impl Fn(Event) + 'static) {
        self.on_event.set_value(Some(Rc::new(on_event)));
    }

    /// Fetches and starts the worker.
    pub fn start(self) {
        let Some(on_event) = self.on_event.get_value() else {
            return;
        };
        self.status.set(EngineStatus::Starting);
        self.client
            .set_value(Some(EngineClient::spawn(move |event| on_event(event))));
    }

    /// Restarts the worker after a failure. Its `Ready` event restores what it held.
    pub fn restart(self) {
        self.status.set(EngineStatus::Starting);
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.restart();
            }
        });
    }

    /// Sends immediately; only for requests that need no base model.
    pub fn post(self, request: Request) {
        self.post_with(request, Vec::new());
    }

    /// Like [`post`](Self::post), with files from the user's disk.
    pub fn post_with(self, request: Request, files: Vec<PickedFile>) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.send_with(request, files);
            }
        });
    }

    /// Sends as soon as the worker listens.
    pub fn send(self, request: Request) {
        match self.status.get_untracked() {
            EngineStatus::AwaitingConsent | EngineStatus::Starting | EngineStatus::Down => {
                self.outbox.update_value(|outbox| outbox.push(request))
            }
            EngineStatus::Loading | EngineStatus::Ready => self.post(request),
        }
    }

    /// Takes the requests that are waiting for the worker.
    pub fn take_outbox(self) -> Vec<Request> {
        self.outbox
            .try_update_value(core::mem::take)
            .unwrap_or_default()
    }
}
