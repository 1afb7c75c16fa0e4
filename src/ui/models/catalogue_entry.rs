//! One model of the catalogue.

use leptos::prelude::*;

use super::{memory_panel::MemoryPlan, state::Models};
use crate::ui::{
    text::{self, shorten},
    widgets::field::ToggleField,
};
use crate::worker::protocol::{BaseSource, CatalogueBase};

/// A model of the catalogue. Its words come from the site that hosts the page: they are shown as
/// text, cut to length.
#[component]
pub fn CatalogueEntry(entry: CatalogueBase) -> impl IntoView {
    let models: Models = expect_context();
    let source = models.source_of(&entry);
    let title = shorten(entry.title.trim(), 80);
    let base_id = entry.id.clone();
    let can_load = entry.unavailable.is_none();
    let id = entry.id.clone();
    let accepted = Signal::derive(move || models.accepted.with(|accepted| accepted.contains(&id)));
    view! {
        <li class="kept-delta offer" data-testid="offer" data-base=base_id>
            <div class="about">
                <p class="title"><bdi>{title.clone()}</bdi></p>
                <p class="hint"><bdi>{shorten(&entry.description, 400)}</bdi></p>
                <p class="hint">{text::needs(&entry)}</p>
                {can_load
                    .then(|| view! { <MemoryPlan entry=entry.clone() source=source.clone() title=title.clone() /> })}
                <Licence entry=entry.clone() accepted=accepted />
            </div>
            <LoadButton entry=entry.clone() source=source title=title accepted=accepted />
        </li>
    }
}

/// Links to the licence and to the model's page, and a box to accept the licence where it asks
/// for consent.
#[component]
fn Licence(entry: CatalogueBase, accepted: Signal<bool>) -> impl IntoView {
    let models: Models = expect_context();
    let id = entry.id;
    view! {
        <p class="hint">
            {text::BASE_LICENCE} " "
            <Link url=entry.licence.url.clone() words=shorten(&entry.licence.name, 80) />
            {(!entry.page.is_empty()).then(|| view! { " · " <Link url=entry.page.clone() words=text::BASE_PAGE.to_owned() /> })}
        </p>
        {entry.licence.consent
            .then(|| {
                view! {
                    <ToggleField
                        testid="agree"
                        label=text::BASE_AGREE.to_owned()
                        value=accepted
                        change=Callback::new(move |yes| models.accept_licence(&id, yes))
                    />
                }
            })}
    }
}

#[component]
fn LoadButton(
    entry: CatalogueBase,
    source: BaseSource,
    title: String,
    accepted: Signal<bool>,
) -> impl IntoView {
    let models: Models = expect_context();
    let loaded = {
        let source = source.clone();
        Signal::derive(move || models.source.with(|current| *current == source))
    };
    let asks = entry.licence.consent;
    let may_load = move || models.can_change() && !loaded.get() && (!asks || accepted.get());
    let interrupted = entry.stored > 0 && entry.stored < entry.bytes;
    let words = Signal::derive(move || match (loaded.get(), interrupted) {
        (true, _) => text::BASE_LOADED,
        (false, true) => text::BASE_GO_ON,
        (false, false) => text::BASE_LOAD,
    });
    view! {
        <button
            type="button"
            class="button small"
            data-testid="load-base"
            aria-label=move || text::load_label(words.get(), &title)
            disabled=move || !may_load()
            on:click=move |_| models.load(source.clone())
        >
            {words}
        </button>
    }
}

/// A link to another site; plain text if it is not https.
#[component]
fn Link(url: String, words: String) -> impl IntoView {
    if url.starts_with("https://") {
        view! { <a href=url target="_blank" rel="noopener noreferrer"><bdi>{words}</bdi></a> }
            .into_any()
    } else {
        view! { <bdi>{words}</bdi> }.into_any()
    }
}
