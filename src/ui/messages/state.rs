//! The messages on the page.

use std::time::Duration;

use leptos::prelude::*;

use crate::ui::engine::ids::Ids;
use crate::worker::protocol::Task;

/// Messages shown at a time; the oldest is removed first.
const MAX_MESSAGES: usize = 3;

/// A note disappears after this time; warnings and errors stay until they are dismissed.
const NOTE_DURATION: Duration = Duration::from_secs(12);

/// The severity of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Information.
    Note,
    /// Something to look at.
    Warning,
    /// Something was not done.
    Error,
}

/// What failed, for a bug report.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The task.
    pub task: Task,
    /// The kind of the error.
    pub kind: String,
}

/// A message to the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Key of the list.
    pub id: u32,
    /// Its severity.
    pub severity: Severity,
    /// The words.
    pub text: String,
    /// What failed; `None` where nothing did.
    pub failure: Option<Failure>,
}

/// The messages on the page.
#[derive(Clone, Copy)]
pub struct Messages {
    /// Newest last.
    pub list: RwSignal<Vec<Message>>,
    ids: Ids,
}

impl Messages {
    /// No messages.
    pub fn new(ids: Ids) -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
            ids,
        }
    }

    /// Shows a message. The same text is not shown twice at a time.
    pub fn tell(self, severity: Severity, text: impl Into<String>) {
        self.show(severity, text.into(), None);
    }

    /// Shows what failed, with a report to copy.
    pub fn tell_failed(self, failure: Failure, text: String) {
        self.show(Severity::Error, text, Some(failure));
    }

    fn show(self, severity: Severity, text: String, failure: Option<Failure>) {
        let id = self.ids.next();
        self.list.update(|messages| {
            messages.retain(|message| message.text != text);
            messages.push(Message {
                id,
                severity,
                text,
                failure,
            });
            let surplus = messages.len().saturating_sub(MAX_MESSAGES);
            messages.drain(..surplus);
        });
        if severity == Severity::Note {
            set_timeout(move || self.dismiss(id), NOTE_DURATION);
        }
    }

    /// Removes a message.
    pub fn dismiss(self, id: u32) {
        self.list
            .update(|messages| messages.retain(|message| message.id != id));
    }

    /// Removes the notes and errors of earlier actions; warnings stay until they are dismissed.
    pub fn clear(self) {
        self.list
            .update(|messages| messages.retain(|message| message.severity == Severity::Warning));
    }
}
