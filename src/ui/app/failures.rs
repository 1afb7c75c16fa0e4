//! Tasks that failed or were stopped. The only place in the page that reads the engine's errors.

use leptos::prelude::*;

use super::state::Page;
use crate::error::Error;
use crate::ui::{
    deltas::state::NamedFile,
    engine::connection::EngineStatus,
    messages::state::{Failure, Severity},
    text,
};
use crate::worker::protocol::Task;

/// A task was stopped.
pub(super) fn on_stopped(page: Page, task: Task) {
    on_end(page, task);
    if task == Task::Load && page.models.fall_back() {
        page.messages.tell(Severity::Note, text::FELL_BACK);
    }
}

/// A task failed. `opening` is the delta file that its request was to open.
pub(super) fn on_failed(page: Page, task: Task, error: &Error, opening: Option<NamedFile>) {
    on_end(page, task);
    if task == Task::Link {
        page.shared_link.delta.set(None);
    }
    if let (Error::WrongBaseModel(_), Some(refused)) = (error, opening) {
        // The card of open deltas tells the user, who can apply it anyway.
        return page.deltas.refused.set(Some(refused));
    }
    if task == Task::Load && matches!(error, Error::DoesNotFit(_)) && page.models.on_refused() {
        // The panel of the refused model tells the user.
        return;
    }
    let is_down = matches!(error, Error::Device(_));
    let fell_back = task == Task::Load && !is_down && page.models.fall_back();
    if !fell_back && (task == Task::Load || is_down) {
        on_engine_down(page);
    }
    let mut words = text::failed(task, error);
    if fell_back {
        words = format!("{words} {}", text::FELL_BACK);
    }
    let kind = kind_of(error);
    page.messages.tell_failed(Failure { task, kind }, words);
}

/// A task ended without its result.
fn on_end(page: Page, task: Task) {
    page.activity.on_end(task);
    match task {
        Task::Decompose | Task::Prior | Task::Train => page.training.on_end(),
        Task::Generate => page.generate.results.stop_waiting(),
        Task::Check => page.device.check.set(None),
        Task::Combine | Task::Export => page.deltas.busy.set(false),
        Task::Load => page.models.download.clear(),
        Task::Plan => page.models.memory.asked.set(Vec::new()),
        Task::Catalogue => page.models.catalogue.set(Some(Vec::new())),
        Task::Storage | Task::OpenDelta | Task::Link | Task::Picture => {}
    }
}

/// The engine can do no more work until it is restarted.
fn on_engine_down(page: Page) {
    page.device.check.set(None);
    page.deltas.busy.set(false);
    page.deltas.opening.set(Vec::new());
    page.engine.status.set(EngineStatus::Down);
    page.engine.hold();
    page.training.on_end();
    page.generate.results.stop_waiting();
}

/// The kind of an error, as it is serialised.
fn kind_of(error: &Error) -> String {
    let value = serde_json::to_value(error).unwrap_or_default();
    let kind = value.get("kind").and_then(|kind| kind.as_str());
    kind.unwrap_or_default().to_owned()
}
