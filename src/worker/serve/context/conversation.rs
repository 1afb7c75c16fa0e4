//! The conversation with the page, as handlers see it.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::worker::protocol::{Answer, Event, Message, Request, RequestId, Task};
use crate::worker::serve::context::control::{Control, UserFiles};
use crate::worker::serve::context::page::Page;

/// The conversation with the page.
pub struct Context {
    page: Box<dyn Page>,
    control: Control,
    task: Cell<Task>,
}

impl Context {
    /// A conversation with this page.
    pub fn new(page: Box<dyn Page>) -> Rc<Self> {
        Rc::new(Self {
            page,
            control: Control::default(),
            task: Cell::new(Task::Load),
        })
    }

    /// Takes a message of the page in, with the files beside it.
    pub fn hear(&self, message: Message, files: UserFiles) {
        if let Some((id, task)) = self.control.hear(message, files) {
            self.answer(Some(id), Event::Stopped { task });
        }
    }

    /// Answers a message that cannot be read.
    pub fn refuse(&self, id: Option<RequestId>, why: &str) {
        self.page.post(&Answer::refused(id, why));
    }

    /// Waits for the next request, which is then the running one.
    pub(crate) async fn next(&self) -> (Request, UserFiles) {
        let next = self.control.next().await;
        self.begin(next.0.task());
        next
    }

    /// Ends the running request with its last event.
    pub(crate) fn end(&self, last: Event) {
        self.post(last);
        self.control.end();
        self.page.work_on(None, self.task.get());
    }

    /// Tells the page something of the running request.
    pub(crate) fn post(&self, event: Event) {
        self.answer(self.control.running(), event);
    }

    /// Tells the page something that belongs to no request.
    pub(crate) fn post_unrelated(&self, event: Event) {
        self.answer(None, event);
    }

    fn answer(&self, id: Option<RequestId>, event: Event) {
        self.page.post(&Answer { id, event });
    }

    /// Tells the page something that stops nothing.
    pub(crate) fn warn(&self, message: impl Into<String>) {
        self.post(Event::Warning {
            message: message.into(),
        });
    }

    /// Tells the page how far a piece of work has come.
    pub(crate) fn progress(&self, task: Task, done: usize, total: usize) {
        self.post(Event::Progress {
            task,
            done: done as u64,
            total: total as u64,
        });
    }

    /// From now on the work is `task`: errors and crashes are reported as its.
    pub(crate) fn begin(&self, task: Task) {
        self.task.set(task);
        self.page.work_on(self.control.running(), task);
    }

    /// The work under way.
    pub(crate) fn task(&self) -> Task {
        self.task.get()
    }

    /// Says whether the work is done on a GPU.
    pub(crate) fn set_gpu(&self, gpu: bool) {
        self.page.set_gpu(gpu);
    }

    /// The time, ISO 8601.
    pub(crate) fn now(&self) -> String {
        self.page.now()
    }

    /// Between two steps: lets messages in, and waits while the request is paused.
    ///
    /// # Errors
    /// `Cancelled` if the request was cancelled.
    pub(crate) async fn between(&self) -> Result<()> {
        let control = &self.control;
        self.page.turn().await;
        if control.is_paused() && !control.is_cancelled() {
            self.post(Event::Paused { paused: true });
            control
                .wait(|| (!control.is_paused() || control.is_cancelled()).then_some(()))
                .await;
            if !control.is_cancelled() {
                self.post(Event::Paused { paused: false });
            }
        }
        match control.is_cancelled() {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// Returns when the request is cancelled, for work that waits for something that may never
    /// come.
    pub(crate) async fn cancelled(&self) {
        let control = &self.control;
        control.wait(|| control.is_cancelled().then_some(())).await;
    }

    /// Takes back a pause or a cancellation of the running request: it has other work to do.
    pub(crate) fn forget_stop(&self) {
        self.control.forget_stop();
    }
}
