//! The queue of requests, and the words that reach work under way: Pause, Resume, Cancel.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use super::picked::Picked;
use super::post;
use crate::error::{Error, Result};
use crate::worker::protocol::{Event, Request, Task};

/// Shared by the message listener and the one task that works.
pub(super) struct Control {
    queue: RefCell<VecDeque<(Request, Picked)>>,
    waker: RefCell<Option<Waker>>,
    /// Work that can be paused and cancelled is under way.
    working: Cell<bool>,
    paused: Cell<bool>,
    cancelled: Cell<bool>,
    /// Timers are slowed down in hidden tabs; messages to oneself are not.
    channel: MessageChannel,
}

impl Control {
    /// # Errors
    /// What the browser throws.
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            queue: RefCell::default(),
            waker: RefCell::default(),
            working: Cell::new(false),
            paused: Cell::new(false),
            cancelled: Cell::new(false),
            channel: MessageChannel::new()?,
        })
    }

    /// Takes a request in, with the files that lay beside it.
    pub(super) fn hear(&self, request: Request, files: Picked) {
        match request {
            Request::Pause => {
                // With nothing to pause it would hold work that comes much later.
                self.paused
                    .set(self.working.get() || self.first_stoppable().is_some());
            }
            Request::Resume => self.paused.set(false),
            Request::Cancel if self.working.get() => self.cancelled.set(true),
            Request::Cancel => self.cancel_queued(),
            request => self.queue.borrow_mut().push_back((request, files)),
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The work that was meant has not begun: it never will.
    fn cancel_queued(&self) {
        let Some((index, task)) = self.first_stoppable() else {
            return;
        };
        self.queue.borrow_mut().remove(index);
        self.paused.set(false);
        post::post(&Event::Stopped { task });
    }

    fn first_stoppable(&self) -> Option<(usize, Task)> {
        let queue = self.queue.borrow();
        let tasks = queue.iter().map(|(request, _)| match request {
            Request::Train(_) | Request::ResumeRun => Some(Task::Train),
            Request::Generate(_) => Some(Task::Generate),
            Request::CheckDevice => Some(Task::Check),
            Request::Load { .. } => Some(Task::Load),
            _ => None,
        });
        tasks
            .enumerate()
            .find_map(|(index, task)| Some((index, task?)))
    }

    /// Waits for the next request.
    pub(super) async fn next(&self) -> (Request, Picked) {
        self.wait(|| self.queue.borrow_mut().pop_front()).await
    }

    /// Work begins that can be paused and cancelled.
    pub(super) fn begin(&self) {
        self.working.set(true);
    }

    /// It has ended.
    pub(super) fn end(&self) {
        if self.working.replace(false) {
            self.cancelled.set(false);
            self.paused.set(false);
        }
    }

    /// Between two steps: lets messages in, and holds while the person wants it.
    ///
    /// # Errors
    /// `Cancelled` when the work is to end.
    pub(super) async fn between(&self) -> Result<()> {
        self.turn().await;
        if self.paused.get() && !self.cancelled.get() {
            post::post(&Event::Paused { paused: true });
            self.wait(|| (!self.paused.get() || self.cancelled.get()).then_some(()))
                .await;
            if !self.cancelled.get() {
                post::post(&Event::Paused { paused: false });
            }
        }
        if self.cancelled.get() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// Returns when the work is to end: for work that waits for something that may never come.
    pub(super) async fn cancelled(&self) {
        self.wait(|| self.cancelled.get().then_some(())).await;
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
