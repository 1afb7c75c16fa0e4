//! The whole page: header, three cards, messages; and files dropped or pasted anywhere.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, EventTarget};

use crate::ui::app::banners::{Banners, WaysIn};
use crate::ui::app::collection::Kept;
use crate::ui::app::header::Header;
use crate::ui::browser::options::Options;
use crate::ui::cards::gather::SubjectCard;
use crate::ui::cards::train::TrainCard;
use crate::ui::cards::use_it::UseCard;
use crate::ui::messages::view::Messages;
use crate::ui::models::memory_panel::Refused;
use crate::ui::models::panel::BasesPanel;
use crate::ui::sharing::shared_link_panel::ArrivalPanel;
use crate::ui::state::{Booth, booth};
use crate::ui::text;

/// Mounts everything and starts the engine.
#[component]
pub fn App() -> impl IntoView {
    let booth = Booth::new(Options::from_address());
    provide_context(booth);
    listen_for_files(booth);
    booth.start();
    booth.open_shelf();
    booth.follow_links();
    booth.watch_training();
    booth.follow_collages();
    booth.follow_plan();

    view! {
        <Header />
        <WaysIn />
        <Banners />
        <main aria-label=text::MAIN_LABEL>
            <Refused />
            <BasesPanel />
            <ArrivalPanel />
            <div class="booth">
                <SubjectCard />
                <TrainCard />
                <UseCard />
            </div>
            <Kept />
        </main>
        <Messages />
        <DropVeil />
    }
}

/// Says that files may be let go.
#[component]
fn DropVeil() -> impl IntoView {
    let booth = booth();
    view! {
        <div class="veil" class:shown=move || booth.dragging.get() aria-hidden="true">
            <p>{text::DROP_ANYWHERE}</p>
        </div>
    }
}

/// Files may be dropped and pasted anywhere on the page.
fn listen_for_files(booth: Booth) {
    window_event_listener(ev::dragover, move |event| {
        if holds_files(&event) {
            event.prevent_default();
            booth.dragging.set(true);
        }
    });
    window_event_listener(ev::dragleave, move |event| {
        // Without a related target the pointer has left the window.
        if event.related_target().is_none() {
            booth.dragging.set(false);
        }
    });
    window_event_listener(ev::drop, move |event| {
        booth.dragging.set(false);
        if holds_files(&event) {
            event.prevent_default();
            let subject = subject_at(event.target());
            booth.take_dropped(event.data_transfer(), subject, is_on_bases(event.target()));
        }
    });
    window_event_listener(ev::paste, move |event| {
        if let Some(files) = event
            .clipboard_data()
            .and_then(|data| data.files())
            .filter(|files| files.length() > 0)
        {
            event.prevent_default();
            booth.take_files(Some(files), subject_at(event.target()));
        }
    });
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

/// Whether this is a part of the choice of models.
fn is_on_bases(target: Option<EventTarget>) -> bool {
    let part = target.and_then(|target| target.dyn_into::<Element>().ok());
    part.is_some_and(|part| matches!(part.closest(".bases"), Ok(Some(_))))
}

fn holds_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|data| data.types().iter().any(|kind| kind == "Files"))
}
