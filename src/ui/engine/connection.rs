//! The connection to the engine's worker. Every request of the page goes through [`Engine`].

use leptos::prelude::*;

use crate::ui::browser::capabilities::saves_data;
use crate::worker::{
    client::{EngineClient, PickedFile},
    protocol::{Answer, Request, RequestId},
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
        }
    }

    /// Sets the function that receives every answer.
    pub fn listen(self, on_answer: impl Fn(Answer) + 'static) {
        self.client.set_value(Some(EngineClient::new(on_answer)));
    }

    /// Fetches and starts the worker. One that runs is ended first; the `Ready` event of the new
    /// one restores what it held.
    pub fn start(self) {
        self.status.set(EngineStatus::Starting);
        self.with_client(EngineClient::start);
    }

    /// Sends a request as soon as the worker is ready for it; `None` before [`listen`](Self::listen).
    pub fn send(self, request: Request) -> Option<RequestId> {
        self.with_client(|client| client.send(request))
    }

    /// Sends a request before those that wait, with files from the user's disk.
    pub fn send_first(self, request: Request, files: Vec<PickedFile>) {
        self.with_client(|client| client.send_first(request, files));
    }

    /// Pauses or resumes the work under way.
    pub fn pause(self, paused: bool) {
        self.with_client(|client| client.pause(None, paused));
    }

    /// Cancels the work under way.
    pub fn cancel(self) {
        self.with_client(|client| client.cancel(None));
    }

    /// Drops the requests that wait; nothing is sent until a model is loaded or the worker restarts.
    pub fn hold(self) {
        self.with_client(EngineClient::hold);
    }

    /// Takes the requests that wait, calls `first`, and puts those that `keep` accepts behind what
    /// `first` sent.
    pub fn send_before_waiting(self, first: impl FnOnce(), keep: impl Fn(&Request) -> bool) {
        let mut waiting = self
            .with_client(EngineClient::take_waiting)
            .unwrap_or_default();
        first();
        waiting.retain(|waits| keep(&waits.request));
        self.with_client(|client| client.put_back(waiting));
    }

    fn with_client<T>(self, use_client: impl FnOnce(&EngineClient) -> T) -> Option<T> {
        self.client
            .with_value(|client| client.as_ref().map(use_client))
    }
}
