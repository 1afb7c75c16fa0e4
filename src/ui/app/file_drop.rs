//! Files that are dropped or pasted anywhere on the page.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, EventTarget};

use crate::ui::{
    intake::{Intake, MAX_FILE_BYTES},
    models::state::Models,
    subjects::state::Subjects,
};

/// Listens for files that are dropped or pasted.
pub fn listen_for_files(intake: Intake, models: Models, subjects: Subjects) {
    window_event_listener(ev::dragover, move |event| {
        if holds_files(&event) {
            event.prevent_default();
            subjects.dragging.set(true);
        }
    });
    window_event_listener(ev::dragleave, move |event| {
        // Without a related target the pointer has left the window.
        if event.related_target().is_none() {
            subjects.dragging.set(false);
        }
    });
    window_event_listener(ev::drop, move |event| {
        subjects.dragging.set(false);
        if holds_files(&event) {
            event.prevent_default();
            take_dropped(&event, intake, models);
        }
    });
    window_event_listener(ev::paste, move |event| {
        if let Some(files) = event
            .clipboard_data()
            .and_then(|data| data.files())
            .filter(|files| files.length() > 0)
        {
            event.prevent_default();
            intake.take(Some(files), subject_at(event.target()));
        }
    });
}

/// Takes what was dropped: a base model, or pictures and deltas.
fn take_dropped(event: &DragEvent, intake: Intake, models: Models) {
    let Some(data) = event.data_transfer() else {
        return;
    };
    if !models.add_dropped(&data, is_on_models(event.target()), MAX_FILE_BYTES as u64) {
        intake.take(data.files(), subject_at(event.target()));
    }
}

/// The number of the subject whose part of the page this is.
fn subject_at(target: Option<EventTarget>) -> Option<u32> {
    let part = target?
        .dyn_into::<Element>()
        .ok()?
        .closest("[data-subject]")
        .ok()??;
    part.get_attribute("data-subject")?.parse().ok()
}

/// True for a part of the panel of models.
fn is_on_models(target: Option<EventTarget>) -> bool {
    let part = target.and_then(|target| target.dyn_into::<Element>().ok());
    part.is_some_and(|part| matches!(part.closest(".bases"), Ok(Some(_))))
}

fn holds_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|data| data.types().iter().any(|kind| kind == "Files"))
}
