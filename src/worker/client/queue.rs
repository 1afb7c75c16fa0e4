//! The one queue of requests: what waits for the engine, and what it works on.

use std::collections::VecDeque;

use crate::worker::protocol::{Message, Request, RequestId, Task};

/// A request that was not sent yet, with its files.
#[derive(Debug)]
pub struct Waiting<F> {
    /// Its id.
    pub id: RequestId,
    /// The work.
    pub request: Request,
    /// Files of the person's disk.
    pub files: F,
    /// It was paused before it began.
    pub paused: bool,
}

/// A request that the engine works on.
#[derive(Clone, Copy, Debug)]
struct Running {
    id: RequestId,
    task: Task,
    can_stop: bool,
}

/// What a cancellation comes to.
#[derive(Debug, PartialEq)]
pub enum Cancelled {
    /// The engine has to be told.
    Send(RequestId),
    /// The request had not begun and is gone.
    Removed(RequestId, Task),
    /// There is no such request any more.
    Nothing,
}

/// Requests in their order; one at a time is with the engine.
#[derive(Debug)]
pub struct Queue<F> {
    last_id: u32,
    waiting: VecDeque<Waiting<F>>,
    running: Option<Running>,
}

impl<F> Default for Queue<F> {
    fn default() -> Self {
        Self {
            last_id: 0,
            waiting: VecDeque::new(),
            running: None,
        }
    }
}

impl<F> Queue<F> {
    /// Adds a request at the end.
    pub fn push(&mut self, request: Request, files: F) -> RequestId {
        let waiting = self.waiting(request, files);
        let id = waiting.id;
        self.waiting.push_back(waiting);
        id
    }

    /// Adds a request before all that wait.
    pub fn push_first(&mut self, request: Request, files: F) -> RequestId {
        let waiting = self.waiting(request, files);
        let id = waiting.id;
        self.waiting.push_front(waiting);
        id
    }

    fn waiting(&mut self, request: Request, files: F) -> Waiting<F> {
        self.last_id += 1;
        Waiting {
            id: RequestId(self.last_id),
            request,
            files,
            paused: false,
        }
    }

    /// The next request for the engine, unless it works on one.
    pub fn begin(&mut self) -> Option<Waiting<F>> {
        if self.running.is_some() {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.running = Some(Running {
            id: next.id,
            task: next.request.task(),
            can_stop: next.request.can_stop(),
        });
        Some(next)
    }

    /// The engine is done with a request.
    pub fn end(&mut self, id: RequestId) {
        if self.running.is_some_and(|running| running.id == id) {
            self.running = None;
        }
    }

    /// The request that the engine works on, and its task.
    pub fn running(&self) -> Option<(RequestId, Task)> {
        self.running.map(|running| (running.id, running.task))
    }

    /// The engine is gone, and all requests with it.
    pub fn clear(&mut self) {
        self.running = None;
        self.waiting.clear();
    }

    /// Takes out all that waits.
    pub fn take_waiting(&mut self) -> Vec<Waiting<F>> {
        self.waiting.drain(..).collect()
    }

    /// Puts requests at the end that were taken out before; they keep their ids.
    pub fn put_back(&mut self, waiting: Vec<Waiting<F>>) {
        self.waiting.extend(waiting);
    }

    /// What can be stopped: the running request, otherwise the first that waits.
    pub fn first_stoppable(&self) -> Option<RequestId> {
        let running = self.running.filter(|running| running.can_stop);
        let mut waiting = self.waiting.iter();
        running
            .map(|running| running.id)
            .or_else(|| Some(waiting.find(|of| of.request.can_stop())?.id))
    }

    /// Pauses a request or lets it go on; what it returns has to be sent.
    pub fn pause(&mut self, id: RequestId, paused: bool) -> Option<Message> {
        if self.running.is_some_and(|running| running.id == id) {
            return Some(match paused {
                true => Message::Pause { id },
                false => Message::Resume { id },
            });
        }
        if let Some(waiting) = self.waiting.iter_mut().find(|of| of.id == id) {
            waiting.paused = paused;
        }
        None
    }

    /// Cancels a request.
    pub fn cancel(&mut self, id: RequestId) -> Cancelled {
        if self.running.is_some_and(|running| running.id == id) {
            return Cancelled::Send(id);
        }
        let index = self.waiting.iter().position(|of| of.id == id);
        match index.and_then(|index| self.waiting.remove(index)) {
            Some(gone) => Cancelled::Removed(id, gone.request.task()),
            None => Cancelled::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn queue() -> Queue<()> {
        Queue::default()
    }

    #[test]
    fn the_engine_gets_one_request_at_a_time_in_their_order() {
        let mut queue = queue();
        let first = queue.push(Request::ListStored, ());
        let second = queue.push(Request::CheckDevice, ());
        let urgent = queue.push_first(Request::ListCatalogue, ());
        for expected in [urgent, first, second] {
            let begun = queue.begin().unwrap();
            assert_eq!(begun.id, expected);
            assert!(queue.begin().is_none());
            // The end of another request changes nothing.
            queue.end(RequestId(99));
            assert_eq!(queue.running(), Some((expected, begun.request.task())));
            queue.end(expected);
        }
        assert!(queue.begin().is_none());
    }

    #[test]
    fn work_is_cancelled_by_its_id_wherever_it_is() {
        let mut queue = queue();
        let running = queue.push(Request::ResumeRun, ());
        let waiting = queue.push(Request::CheckDevice, ());
        queue.begin();
        assert_eq!(queue.cancel(running), Cancelled::Send(running));
        assert_eq!(
            queue.cancel(waiting),
            Cancelled::Removed(waiting, Task::Check)
        );
        assert_eq!(queue.cancel(waiting), Cancelled::Nothing);
        queue.end(running);
        assert_eq!(queue.cancel(running), Cancelled::Nothing);
    }

    #[test]
    fn what_waits_can_be_held_before_it_begins() {
        let mut queue = queue();
        queue.push(Request::ListStored, ());
        let waiting = queue.push(Request::ResumeRun, ());
        queue.begin();
        assert_eq!(queue.first_stoppable(), Some(waiting));
        assert_eq!(queue.pause(waiting, true), None);
        queue.end(RequestId(1));
        assert!(queue.begin().unwrap().paused);
        assert_eq!(
            queue.pause(waiting, false),
            Some(Message::Resume { id: waiting })
        );
    }

    #[test]
    fn requests_that_were_put_back_keep_their_ids() {
        let mut queue = queue();
        let early = queue.push(Request::CheckDevice, ());
        let waiting = queue.take_waiting();
        let load = queue.push(Request::ListStored, ());
        queue.put_back(waiting);
        assert_eq!(queue.begin().unwrap().id, load);
        queue.end(load);
        assert_eq!(queue.begin().unwrap().id, early);
        queue.clear();
        assert!(queue.begin().is_none());
    }
}
