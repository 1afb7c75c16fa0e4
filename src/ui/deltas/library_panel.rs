//! The library of deltas.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    library::Library,
    state::{Deltas, title},
};
use crate::ui::{
    browser::pixels::{object_url, save_bytes},
    engine::activity::Activity,
    models::state::Models,
    storage::gallery_db::StoredDelta,
    text::{self, shorten},
    widgets::delete::{DeleteButton, revoke_later},
};

/// Deltas of this and earlier visits.
#[component]
pub fn LibraryPanel() -> impl IntoView {
    let library: Library = expect_context();
    view! {
        <section class="card shelf" aria-labelledby="library-title" data-testid="library">
            <h2 id="library-title">{text::LIBRARY_TITLE}</h2>
            <ul class="library">
                <For each=move || library.list.get() key=|delta| (delta.id.clone(), delta.thumbnail.len()) let(delta)>
                    <LibraryEntry delta=delta />
                </For>
            </ul>
        </section>
    }
}

/// A stored delta. Its metadata comes from a file: it is shown as text, isolated and cut to length.
#[component]
fn LibraryEntry(delta: Arc<StoredDelta>) -> impl IntoView {
    let title = title(&delta.summary);
    view! {
        <li class="kept-delta" data-testid="kept-delta">
            <Thumbnail png=delta.thumbnail.clone() />
            <About delta=delta.clone() title=title.clone() />
            <Buttons delta=delta title=title />
        </li>
    }
}

/// Title, facts and description.
#[component]
fn About(delta: Arc<StoredDelta>, title: String) -> impl IntoView {
    let models: Models = expect_context();
    let names = shorten(&text::names(&delta.summary.subjects), 160);
    let facts = [
        if names == title { String::new() } else { names },
        text::bytes(delta.file.len()),
        shorten(&delta.summary.base, 80),
        text::day(&delta.summary.date),
        shorten(delta.summary.licence.trim(), 80),
    ];
    let description = shorten(delta.summary.description.trim(), 300);
    let is_foreign = move || {
        let hash = models.hash.get();
        let made_for = &delta.summary.base_sha256;
        !made_for.is_empty() && hash.is_some_and(|hash| hash != *made_for)
    };
    view! {
        <div class="about">
            <p class="title"><bdi>{title}</bdi></p>
            <ul class="facts">
                {facts
                    .into_iter()
                    .filter(|fact| !fact.is_empty())
                    .map(|fact| view! { <li><bdi>{fact}</bdi></li> })
                    .collect_view()}
            </ul>
            {(!description.is_empty()).then(|| view! { <p class="hint"><bdi>{description}</bdi></p> })}
            {move || is_foreign().then(|| view! { <p class="hint">{text::FOREIGN}</p> })}
        </div>
    }
}

/// Open, download, delete.
#[component]
fn Buttons(delta: Arc<StoredDelta>, title: String) -> impl IntoView {
    let library: Library = expect_context();
    let deltas: Deltas = expect_context();
    let activity: Activity = expect_context();
    let id = delta.id.clone();
    let is_open = move || {
        deltas
            .open
            .with(|deltas| deltas.iter().any(|open| open.id == id))
    };
    let (opened, saved, deleted) = (delta.clone(), delta.clone(), delta.id.clone());
    view! {
        <div class="row">
            <button
                type="button"
                class="button small"
                data-testid="open-kept"
                aria-label=text::open_label(&title)
                disabled=move || is_open() || activity.is_training()
                on:click=move |_| library.open(&opened)
            >
                {text::OPEN}
            </button>
            <button
                type="button"
                class="button small"
                aria-label=text::download_label(&title)
                on:click=move |_| save_bytes(&saved.file, &saved.file_name)
            >
                {text::DOWNLOAD_DELTA}
            </button>
            <DeleteButton label=text::delete_label(&title) testid="delete-kept" delete=Callback::new(move |()| library.delete(deleted.clone())) />
        </div>
    }
}

#[component]
fn Thumbnail(png: Vec<u8>) -> impl IntoView {
    let url = (!png.is_empty()).then(|| object_url(&png)).flatten();
    revoke_later(url.clone());
    match url {
        Some(url) => {
            view! { <img class="thumb" src=url alt="" width="64" height="64" /> }.into_any()
        }
        None => view! { <span class="thumb none" aria-hidden="true">"δ"</span> }.into_any(),
    }
}
