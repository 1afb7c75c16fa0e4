//! The requests that came in, and pause and cancel for the one that runs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::weights::local::LocalFile;
use crate::worker::protocol::{Message, Request, RequestId, Task};

/// Files of the person's disk by their paths. They are handles; nothing is read yet.
pub type UserFiles = BTreeMap<String, Rc<dyn LocalFile>>;

/// A request with its id and the files beside it.
type Received = (RequestId, Request, UserFiles);

/// Shared by the message listener and the one task that works.
#[derive(Default)]
pub(crate) struct Control {
    inbox: RefCell<VecDeque<Received>>,
    waker: RefCell<Option<Waker>>,
    running: Cell<Option<RequestId>>,
    paused: Cell<Option<RequestId>>,
    cancelled: Cell<Option<RequestId>>,
}

impl Control {
    /// Takes a message in. Returns a request that was cancelled before it began.
    pub(crate) fn hear(&self, message: Message, files: UserFiles) -> Option<(RequestId, Task)> {
        let mut removed = None;
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
            Message::Cancel { id } => {
                removed = self.remove(id);
                if removed.is_none() {
                    self.cancelled.set(Some(id));
                }
            }
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        removed
    }

    fn remove(&self, id: RequestId) -> Option<(RequestId, Task)> {
        let mut inbox = self.inbox.borrow_mut();
        let index = inbox.iter().position(|received| received.0 == id)?;
        let (_, request, _) = inbox.remove(index)?;
        Some((id, request.task()))
    }

    /// Waits for the next request, which is then the running one.
    pub(crate) async fn next(&self) -> (Request, UserFiles) {
        let (id, request, files) = self.wait(|| self.inbox.borrow_mut().pop_front()).await;
        self.running.set(Some(id));
        (request, files)
    }

    /// The running request.
    pub(crate) fn running(&self) -> Option<RequestId> {
        self.running.get()
    }

    /// The running request is done.
    pub(crate) fn end(&self) {
        self.running.set(None);
    }

    /// Takes back a pause or a cancellation of the running request.
    pub(crate) fn forget_stop(&self) {
        self.paused.set(None);
        self.cancelled.set(None);
    }

    /// Whether the running request is paused.
    pub(crate) fn is_paused(&self) -> bool {
        self.running.get().is_some() && self.paused.get() == self.running.get()
    }

    /// Whether the running request is cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.running.get().is_some() && self.cancelled.get() == self.running.get()
    }

    /// Waits until `ready` gives something; it is called again after every message.
    pub(crate) async fn wait<T>(&self, mut ready: impl FnMut() -> Option<T>) -> T {
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
