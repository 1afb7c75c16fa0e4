//! The panel of base models: the catalogue, the user's own model, the stored models.

use leptos::prelude::*;

use super::{
    catalogue_entry::CatalogueEntry, custom_model_panel::CustomModelPanel,
    memory_panel::MemoryField, state::Models,
};
use crate::ui::{
    text::{self, shorten},
    widgets::delete::DeleteButton,
};
use crate::worker::protocol::StoredBase;

/// Shown above the cards when the user opens it.
#[component]
pub fn ModelsPanel() -> impl IntoView {
    let models: Models = expect_context();
    view! {
        <Show when=move || models.panel_open.get()>
            <section class="card bases" aria-labelledby="bases-title" data-testid="bases">
                <h2 id="bases-title">{text::BASES_TITLE}</h2>
                <p class="hint">{text::BASES_HINT}</p>
                {move || match models.catalogue.get() {
                    None => view! { <p role="status">{text::BASES_WAIT}</p> }.into_any(),
                    Some(entries) => {
                        view! {
                            <ul class="library">
                                {entries.into_iter().map(|entry| view! { <CatalogueEntry entry=entry /> }).collect_view()}
                            </ul>
                        }
                            .into_any()
                    }
                }}
                <MemoryField />
                <CustomModelPanel />
                <StoredModels />
                <div class="row">
                    <button type="button" class="button" data-testid="close-bases" on:click=move |_| models.panel_open.set(false)>
                        {text::BASES_CLOSE}
                    </button>
                </div>
            </section>
        </Show>
    }
}

/// The models stored in this browser, with their sizes.
#[component]
fn StoredModels() -> impl IntoView {
    let stored = expect_context::<Models>().stored;
    view! {
        <Show when=move || stored.with(|stored| !stored.is_empty())>
            <h3>{text::STORED_TITLE}</h3>
            <ul class="library">
                {move || stored.get().into_iter().map(|model| view! { <StoredModel model=model /> }).collect_view()}
            </ul>
        </Show>
    }
}

#[component]
fn StoredModel(model: StoredBase) -> impl IntoView {
    let models: Models = expect_context();
    let title = shorten(model.title.trim(), 80);
    let (key, source) = (model.key.clone(), model.source.clone());
    view! {
        <li class="kept-delta offer" data-testid="stored-base">
            <div class="about">
                <p class="title"><bdi>{title.clone()}</bdi></p>
                <p class="hint">{text::kept(&model)}</p>
            </div>
            <div class="row">
                {source
                    .filter(|_| model.interrupted)
                    .map(|source| {
                        view! {
                            <button
                                type="button"
                                class="button small"
                                data-testid="go-on-download"
                                disabled=move || !models.can_change()
                                on:click=move |_| models.load(source.clone())
                            >
                                {text::BASE_GO_ON}
                            </button>
                        }
                    })}
                {(!model.in_use)
                    .then(|| {
                        view! {
                            <DeleteButton
                                label=text::remove_label(&title)
                                testid="remove-stored"
                                word=text::REMOVE
                                delete=Callback::new(move |()| models.remove_stored(key.clone()))
                            />
                        }
                    })}
            </div>
        </li>
    }
}
