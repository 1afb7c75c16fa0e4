//! The gallery of pictures.

use std::sync::Arc;

use leptos::prelude::*;

use super::state::Gallery;
use crate::ui::{
    browser::pixels::{file_name, object_url, save_bytes},
    engine::activity::Activity,
    storage::gallery_db::StoredPicture,
    text::{self, shorten},
    widgets::{
        delete::{DeleteButton, revoke_later},
        field::ToggleField,
    },
};

/// Pictures shown before the user presses 'Show all'.
const SHOWN: usize = 48;

/// Pictures of this and earlier visits.
#[component]
pub fn GalleryPanel() -> impl IntoView {
    let gallery: Gallery = expect_context();
    let all = RwSignal::new(false);
    let shown = move || {
        gallery.pictures.with(|pictures| {
            let limit = if all.get() { pictures.len() } else { SHOWN };
            pictures.iter().take(limit).cloned().collect::<Vec<_>>()
        })
    };
    view! {
        <section class="card shelf" aria-labelledby="gallery-title" data-testid="gallery">
            <h2 id="gallery-title">{text::GALLERY_TITLE}</h2>
            <ul class="gallery">
                <For each=shown key=|picture| key(picture) let(picture)>
                    <GalleryPicture picture=picture />
                </For>
            </ul>
            <Show when=move || !all.get() && gallery.pictures.with(Vec::len).gt(&SHOWN)>
                <button type="button" class="button" on:click=move |_| all.set(true)>
                    {move || text::show_all(gallery.pictures.with(Vec::len))}
                </button>
            </Show>
            <div class="row">
                <ToggleField testid="keep-pictures" label=text::KEEP_PICTURES.to_owned() value=gallery.enabled change=move |on| gallery.set_enabled(on) />
                <Show when=move || gallery.pictures.with(|pictures| !pictures.is_empty())>
                    <DeleteButton label=text::DELETE_ALL.to_owned() testid="delete-gallery" word=text::DELETE_ALL delete=Callback::new(move |()| gallery.delete_all()) />
                </Show>
            </div>
        </section>
    }
}

/// Key of the list: changes with the ids of the deltas, so that the picture is rendered again.
fn key(picture: &StoredPicture) -> String {
    let ids: Vec<&str> = picture
        .request
        .deltas
        .iter()
        .map(|of| of.id.as_str())
        .collect();
    format!("{} {}", picture.key, ids.concat())
}

#[component]
fn GalleryPicture(picture: Arc<StoredPicture>) -> impl IntoView {
    let gallery: Gallery = expect_context();
    let activity: Activity = expect_context();
    let url = object_url(&picture.png);
    revoke_later(url.clone());
    let prompt = shorten(&picture.request.config.prompt, 200);
    let label = text::kept_label(&prompt, picture.request.config.seed);
    let details = text::parameters(&picture.request, &picture.titles);
    let (again, saved, deleted) = (picture.clone(), picture.clone(), picture.key.clone());
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
                    disabled=move || activity.is_busy()
                    on:click=move |_| gallery.make_again(&again)
                >
                    {text::MAKE_AGAIN}
                </button>
                <button
                    type="button"
                    class="chip"
                    data-testid="save-kept"
                    aria-label=text::png_label(&label)
                    on:click=move |_| save_bytes(&saved.png, &file_name(&format!("{} {}", saved.request.config.prompt, saved.request.config.seed), ".png"))
                >
                    {text::DOWNLOAD_PNG}
                </button>
                <DeleteButton label=text::delete_label(&label) testid="delete-picture" delete=Callback::new(move |()| gallery.delete(deleted.clone())) />
            </div>
        </li>
    }
}
