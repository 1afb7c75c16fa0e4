//! What this browser stores: the library of deltas, the gallery of pictures, the storage in use.

use leptos::prelude::*;

use crate::ui::{
    deltas::{library::Library, library_panel::LibraryPanel},
    gallery::{panel::GalleryPanel, state::Gallery},
    storage::storage_line::StorageLine,
};

/// Shown below the cards if anything is stored.
#[component]
pub fn Collection() -> impl IntoView {
    let library: Library = expect_context();
    let gallery: Gallery = expect_context();
    let has_contents = move || {
        library.list.with(|list| !list.is_empty())
            || gallery.pictures.with(|pictures| !pictures.is_empty())
    };
    view! {
        <Show when=has_contents>
            <LibraryPanel />
            <GalleryPanel />
            <StorageLine />
        </Show>
    }
}
