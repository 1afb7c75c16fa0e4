//! Tasks that failed or were stopped. The only place in the page that reads the engine's errors.

use leptos::prelude::*;

use super::state::Page;
use crate::error::Error;
use crate::ui::{
    deltas::header::is_for_another_base,
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

/// A task failed.
pub(super) fn on_failed(page: Page, task: Task, error: &Error) {
    on_end(page, task);
    if task == Task::Link {
        page.shared_link.delta.set(None);
    }
    if task == Task::OpenDelta && is_refused_delta(page) {
        return;
    }
    if task == Task::Load && matches!(error, Error::Memory(_)) && page.models.on_refused() {
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

/// Takes the delta that could not be opened. True if it belongs to another base model; then the
/// user can apply it anyway.
fn is_refused_delta(page: Page) -> bool {
    if let Some((name, file)) = page.deltas.take_opening()
        && let Some(hash) = page.models.hash.get_untracked()
        && is_for_another_base(&file, &hash)
    {
        page.deltas.refused.set(Some((name, file)));
        return true;
    }
    false
}

/// The engine can do no more work until it is restarted.
fn on_engine_down(page: Page) {
    page.device.check.set(None);
    page.deltas.busy.set(false);
    page.deltas.opening.set(Vec::new());
    page.engine.status.set(EngineStatus::Down);
    page.training.on_end();
    page.generate.results.stop_waiting();
}

/// The kind of an error, as it is serialised.
fn kind_of(error: &Error) -> String {
    let value = serde_json::to_value(error).unwrap_or_default();
    let kind = value.get("kind").and_then(|kind| kind.as_str());
    kind.unwrap_or_default().to_owned()
}
