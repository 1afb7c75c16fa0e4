//! What the engine needs of the thread that it runs in.

use futures_util::future::LocalBoxFuture;

use crate::worker::protocol::{Answer, RequestId, Task};

/// The way to the page. In a browser it is the worker's global scope, in tests a fake.
pub trait Page {
    /// Posts an answer.
    fn post(&self, answer: &Answer);
    /// Gives the event loop one turn, so that messages of the page arrive.
    fn turn(&self) -> LocalBoxFuture<'_, ()>;
    /// Says what is under way, so that a crash can be reported as its failure.
    fn work_on(&self, id: Option<RequestId>, task: Task);
    /// Says whether the work is done on a GPU, which a report of a crash depends on.
    fn set_gpu(&self, gpu: bool);
    /// The time, ISO 8601.
    fn now(&self) -> String;
}
