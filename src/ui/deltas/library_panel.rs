//! The library: deltas of this and earlier visits.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::browser::pixels::{object_url, save_bytes};
use crate::ui::deltas::header::is_for_another_base;
use crate::ui::state::booth;
use crate::ui::storage::gallery_db::KeptDelta;
use crate::ui::text::{self, shorten};
use crate::ui::widgets::delete::{Delete, revoke_later};

/// Deltas of this and earlier visits.
#[component]
pub fn Library() -> impl IntoView {
    let booth = booth();
    view! {
        <section class="card shelf" aria-labelledby="library-title" data-testid="library">
            <h2 id="library-title">{text::LIBRARY_TITLE}</h2>
            <ul class="library">
                <For each=move || booth.library.get() key=|kept| (kept.id.clone(), kept.thumbnail.len()) let(kept)>
                    <LibraryLine kept=kept />
                </For>
            </ul>
        </section>
    }
}

/// Everything here came out of a file: it is shown as text, isolated and cut to length.
#[component]
pub fn LibraryLine(kept: Arc<KeptDelta>) -> impl IntoView {
    let booth = booth();
    let title = match shorten(kept.summary.title.trim(), 120) {
        title if title.is_empty() => text::UNTITLED.to_owned(),
        title => title,
    };
    let words = shorten(&text::names(&kept.summary.subjects), 160);
    let facts = [
        if words == title { String::new() } else { words },
        text::bytes(kept.file.len()),
        shorten(&kept.summary.base, 80),
        text::day(&kept.summary.date),
        shorten(kept.summary.licence.trim(), 80),
    ];
    let description = shorten(kept.summary.description.trim(), 300);
    let foreign = {
        let kept = kept.clone();
        move || {
            let hash = booth.base_hash.get();
            hash.is_some_and(|hash| is_for_another_base(&kept.file, &hash))
        }
    };
    let id = kept.id.clone();
    let open = move || {
        booth
            .deltas
            .with(|deltas| deltas.iter().any(|open| open.id == id))
    };
    let (opened, saved, deleted) = (kept.clone(), kept.clone(), kept.id.clone());
    view! {
        <li class="kept-delta" data-testid="kept-delta">
            <Thumbnail png=kept.thumbnail.clone() />
            <div class="about">
                <p class="title"><bdi>{title.clone()}</bdi></p>
                <ul class="facts">
                    {facts
                        .into_iter()
                        .filter(|fact| !fact.is_empty())
                        .map(|fact| view! { <li><bdi>{fact}</bdi></li> })
                        .collect_view()}
                </ul>
                {(!description.is_empty()).then(|| view! { <p class="hint"><bdi>{description}</bdi></p> })}
                {move || foreign().then(|| view! { <p class="hint">{text::FOREIGN}</p> })}
            </div>
            <div class="row">
                <button
                    type="button"
                    class="button small"
                    data-testid="open-kept"
                    aria-label=text::open_label(&title)
                    disabled=move || open() || booth.is_training()
                    on:click=move |_| booth.open_kept(&opened)
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
                <Delete label=text::delete_label(&title) testid="delete-kept" delete=Callback::new(move |()| booth.delete_delta(deleted.clone())) />
            </div>
        </li>
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
