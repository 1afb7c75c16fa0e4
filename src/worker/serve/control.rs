//! The requests that wait, and pause and cancel for the one that runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use crate::error::{Error, Result};
use crate::worker::protocol::{Answer, Event, Message, Request, RequestId};
use crate::worker::serve::page;
use crate::worker::serve::user_files::Picked;

/// A request with its id and the files beside it.
pub(crate) type Received = (RequestId, Request, Picked);

/// Shared by the message listener and the one task that works.
pub(crate) struct Control {
    inbox: RefCell<VecDeque<Received>>,
    waker: RefCell<Option<Waker>>,
    running: Cell<Option<RequestId>>,
    paused: Cell<Option<RequestId>>,
    cancelled: Cell<Option<RequestId>>,
    /// Timers are slowed down in hidden tabs; messages to oneself are not.
    channel: MessageChannel,
}

impl Control {
    /// # Errors
    /// What the browser throws.
    pub(crate) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            inbox: RefCell::default(),
            waker: RefCell::default(),
            running: Cell::new(None),
            paused: Cell::new(None),
            cancelled: Cell::new(None),
            channel: MessageChannel::new()?,
        })
    }

    /// Takes a message in, with the files beside it.
    pub(crate) fn hear(&self, message: Message, files: Picked) {
        match message {
            Message::Request { id, request } => {
                self.inbox.borrow_mut().push_back((id, request, files));
            }
            Message::Pause { id } => self.paused.set(Some(id)),
            Message::Resume { id } => {
                if self.paused.get() == Some(id) {
                    self.paused.set(None);
                }
            }
            Message::Cancel { id } => self.cancel(id),
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn cancel(&self, id: RequestId) {
        let waits = |received: &Received| received.0 == id;
        let index = self.inbox.borrow().iter().position(waits);
        let removed = index.and_then(|index| self.inbox.borrow_mut().remove(index));
        match removed {
            Some((_, request, _)) => page::answer(&Answer {
                id: Some(id),
                event: Event::Stopped {
                    task: request.task(),
                },
            }),
            None => self.cancelled.set(Some(id)),
        }
    }

    /// Waits for the next request, which is then the running one.
    pub(crate) async fn next(&self) -> Received {
        let next = self.wait(|| self.inbox.borrow_mut().pop_front()).await;
        self.running.set(Some(next.0));
        page::set_request(self.running.get());
        next
    }

    /// The running request is done.
    pub(crate) fn end(&self) {
        self.running.set(None);
        page::set_request(None);
    }

    /// Takes back a cancellation or a pause of the running request: it has other work to do.
    pub(crate) fn forget_stop(&self) {
        self.paused.set(None);
        self.cancelled.set(None);
    }

    fn is(&self, which: &Cell<Option<RequestId>>) -> bool {
        self.running.get().is_some() && which.get() == self.running.get()
    }

    /// Between two steps: lets messages in, and holds while the person wants it.
    ///
    /// # Errors
    /// `Cancelled` when the work is to end.
    pub(crate) async fn between(&self) -> Result<()> {
        self.turn().await;
        if self.is(&self.paused) && !self.is(&self.cancelled) {
            page::post(&Event::Paused { paused: true });
            self.wait(|| (!self.is(&self.paused) || self.is(&self.cancelled)).then_some(()))
                .await;
            if !self.is(&self.cancelled) {
                page::post(&Event::Paused { paused: false });
            }
        }
        if self.is(&self.cancelled) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// Returns when the work is to end: for work that waits for something that may never come.
    pub(crate) async fn cancelled(&self) {
        self.wait(|| self.is(&self.cancelled).then_some(())).await;
    }

    /// Gives the event loop one turn.
    async fn turn(&self) {
        let promise = Promise::new(&mut |resolve, _| {
            self.channel.port1().set_onmessage(Some(&resolve));
            if self.channel.port2().post_message(&JsValue::NULL).is_err() {
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        let _ = JsFuture::from(promise).await;
    }

    /// Waits until `ready` gives something; it is asked again after every message.
    async fn wait<T>(&self, mut ready: impl FnMut() -> Option<T>) -> T {
        poll_fn(|context| match ready() {
            Some(value) => Poll::Ready(value),
            None => {
                *self.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}
