//! What this browser keeps: the library of deltas, the gallery of pictures, and how much room they
//! take.

use leptos::prelude::*;

use crate::ui::deltas::library_panel::Library;
use crate::ui::gallery::panel::Gallery;
use crate::ui::state::{Room, booth};
use crate::ui::text;

/// Below the three cards.
#[component]
pub fn Kept() -> impl IntoView {
    let booth = booth();
    let something = move || {
        booth.library.with(|library| !library.is_empty())
            || booth.gallery.with(|gallery| !gallery.is_empty())
    };
    view! {
        <Show when=something>
            <Library />
            <Gallery />
            <StorageLine />
        </Show>
    }
}

/// How much room it takes, and whether the browser may clear it.
#[component]
fn StorageLine() -> impl IntoView {
    let booth = booth();
    let words = move || match booth.storage.get() {
        Room::Unknown => String::new(),
        Room::Nothing => text::STORAGE_NOTHING.to_owned(),
        Room::Known {
            used,
            quota,
            persisted,
        } => text::storage(used, quota, persisted),
    };
    let may_ask = move || {
        matches!(
            booth.storage.get(),
            Room::Known {
                persisted: false,
                ..
            }
        )
    };
    view! {
        <p class="hint storage" data-testid="storage">
            {words} " "
            <Show when=may_ask>
                <button type="button" class="link" data-testid="persist" on:click=move |_| booth.persist_storage()>
                    {text::PERSIST}
                </button>
            </Show>
        </p>
    }
}
