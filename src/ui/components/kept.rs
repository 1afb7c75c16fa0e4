//! What this browser keeps: the library of deltas, the gallery of pictures, and how much room they
//! take.

use std::sync::Arc;

use leptos::prelude::*;
use web_sys::Url;

use crate::ui::{
    browser,
    pixels::{file_name, object_url, save_bytes},
    shelf::{KeptDelta, KeptPicture},
    state::{Room, booth},
    text::{self, shorten},
};

/// Pictures that are shown before 'Show all'.
const SHOWN: usize = 48;

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

/// Deltas of this and earlier visits.
#[component]
fn Library() -> impl IntoView {
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
fn LibraryLine(kept: Arc<KeptDelta>) -> impl IntoView {
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
            hash.is_some_and(|hash| crate::ui::delta_header::is_for_another_base(&kept.file, &hash))
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

/// A button that asks once more before it deletes.
#[component]
fn Delete(
    /// What it deletes, for those who do not see beside what it stands.
    label: String,
    testid: &'static str,
    delete: Callback<()>,
    #[prop(default = text::DELETE)] word: &'static str,
) -> impl IntoView {
    let sure = RwSignal::new(false);
    view! {
        <button
            type="button"
            class="button small"
            class:danger=move || sure.get()
            data-testid=testid
            aria-label=move || if sure.get() { text::really(&label) } else { label.clone() }
            on:blur=move |_| sure.set(false)
            on:click=move |_| {
                if sure.get_untracked() {
                    delete.run(());
                } else {
                    sure.set(true);
                }
            }
        >
            {move || if sure.get() { text::REALLY } else { word }}
        </button>
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

/// The address is of no use when the element is gone.
fn revoke_later(url: Option<String>) {
    if let Some(url) = url {
        on_cleanup(move || {
            let _ = Url::revoke_object_url(&url);
        });
    }
}

/// Pictures of this and earlier visits.
#[component]
fn Gallery() -> impl IntoView {
    let booth = booth();
    let all = RwSignal::new(false);
    let shown = move || {
        booth.gallery.with(|gallery| {
            let limit = if all.get() { gallery.len() } else { SHOWN };
            gallery.iter().take(limit).cloned().collect::<Vec<_>>()
        })
    };
    let set_keeping = move |on: bool| {
        booth.keeping.set(on);
        browser::remember("keep-pictures", if on { "yes" } else { "no" });
    };
    view! {
        <section class="card shelf" aria-labelledby="gallery-title" data-testid="gallery">
            <h2 id="gallery-title">{text::GALLERY_TITLE}</h2>
            <ul class="gallery">
                <For each=shown key=|kept| identity(kept) let(kept)>
                    <GalleryPicture kept=kept />
                </For>
            </ul>
            <Show when=move || !all.get() && booth.gallery.with(Vec::len).gt(&SHOWN)>
                <button type="button" class="button" on:click=move |_| all.set(true)>
                    {move || text::show_all(booth.gallery.with(Vec::len))}
                </button>
            </Show>
            <div class="row">
                <label class="toggle">
                    <input
                        type="checkbox"
                        data-testid="keep-pictures"
                        prop:checked=move || booth.keeping.get()
                        on:change=move |event| set_keeping(event_target_checked(&event))
                    />
                    {text::KEEP_PICTURES}
                </label>
                <Show when=move || booth.gallery.with(|gallery| !gallery.is_empty())>
                    <Delete label=text::DELETE_ALL.to_owned() testid="delete-gallery" word=text::DELETE_ALL delete=Callback::new(move |()| booth.delete_gallery()) />
                </Show>
            </div>
        </section>
    }
}

/// A picture is another one when its delta has another id.
fn identity(kept: &KeptPicture) -> String {
    let ids: Vec<&str> = kept
        .request
        .deltas
        .iter()
        .map(|of| of.id.as_str())
        .collect();
    format!("{} {}", kept.key, ids.concat())
}

#[component]
fn GalleryPicture(kept: Arc<KeptPicture>) -> impl IntoView {
    let booth = booth();
    let url = object_url(&kept.png);
    revoke_later(url.clone());
    let prompt = shorten(&kept.request.prompt, 200);
    let label = text::kept_label(&prompt, kept.request.seed);
    let details = text::parameters(&kept.request, &kept.titles);
    let (again, saved, deleted) = (kept.clone(), kept.clone(), kept.key.clone());
    let busy = move || booth.is_training() || booth.is_generating();
    view! {
        <li data-testid="kept-picture">
            <img src=url alt=label.clone() title=details loading="lazy" width="128" height="128" />
            <p class="hint"><bdi>{prompt}</bdi></p>
            <div class="row">
                <button
                    type="button"
                    class="chip"
                    data-testid="make-again"
                    aria-label=text::again_label(&label)
                    disabled=busy
                    on:click=move |_| booth.make_again(&again)
                >
                    {text::MAKE_AGAIN}
                </button>
                <button
                    type="button"
                    class="chip"
                    data-testid="save-kept"
                    aria-label=text::png_label(&label)
                    on:click=move |_| save_bytes(&saved.png, &file_name(&format!("{} {}", saved.request.prompt, saved.request.seed), ".png"))
                >
                    {text::DOWNLOAD_PNG}
                </button>
                <Delete label=text::delete_label(&label) testid="delete-picture" delete=Callback::new(move |()| booth.delete_picture(deleted.clone())) />
            </div>
        </li>
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
