//! The gallery: pictures of this and earlier visits.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::browser::api;
use crate::ui::browser::pixels::{file_name, object_url, save_bytes};
use crate::ui::state::booth;
use crate::ui::storage::gallery_db::KeptPicture;
use crate::ui::text::{self, shorten};
use crate::ui::widgets::delete::{Delete, revoke_later};
use crate::ui::widgets::field::ToggleField;

/// Pictures that are shown before 'Show all'.
const SHOWN: usize = 48;

/// Pictures of this and earlier visits.
#[component]
pub fn Gallery() -> impl IntoView {
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
        api::remember("keep-pictures", if on { "yes" } else { "no" });
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
                <ToggleField testid="keep-pictures" label=text::KEEP_PICTURES.to_owned() value=booth.keeping change=set_keeping />
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
