//! The choice of models: what the catalogue offers, the person's own, what is kept.

use leptos::prelude::*;

use crate::ui::models::custom_model_panel::OwnBase;
use crate::ui::models::memory_panel::{MemoryField, OfferPlan};
use crate::ui::state::booth;
use crate::ui::text::{self, shorten};
use crate::ui::widgets::delete::Delete;
use crate::ui::widgets::field::ToggleField;
use crate::worker::protocol::{CatalogueBase, StoredBase};

/// Above the cards while it is asked for.
#[component]
pub fn BasesPanel() -> impl IntoView {
    let booth = booth();
    let bases = booth.bases;
    view! {
        <Show when=move || bases.shown.get()>
            <section class="card bases" aria-labelledby="bases-title" data-testid="bases">
                <h2 id="bases-title">{text::BASES_TITLE}</h2>
                <p class="hint">{text::BASES_HINT}</p>
                {move || match bases.catalogue.get() {
                    None => view! { <p role="status">{text::BASES_WAIT}</p> }.into_any(),
                    Some(offered) => {
                        view! {
                            <ul class="library">
                                {offered.into_iter().map(|base| view! { <Offer base=base /> }).collect_view()}
                            </ul>
                        }
                            .into_any()
                    }
                }}
                <MemoryField />
                <OwnBase />
                <Stored />
                <div class="row">
                    <button type="button" class="button" data-testid="close-bases" on:click=move |_| bases.shown.set(false)>
                        {text::BASES_CLOSE}
                    </button>
                </div>
            </section>
        </Show>
    }
}

/// A model of the catalogue. Its words come from whoever hosts the page: shown as text, cut to length.
#[component]
fn Offer(base: CatalogueBase) -> impl IntoView {
    let booth = booth();
    let bases = booth.bases;
    let source = booth.source_of(&base);
    let title = shorten(base.title.trim(), 80);
    let needs = text::needs(&base);
    let asks = base.licence.consent;
    let can_load = base.unavailable.is_none();
    let loaded = {
        let source = source.clone();
        Signal::derive(move || bases.source.with(|current| *current == source))
    };
    let id = base.id.clone();
    let agreed = Signal::derive(move || bases.agreed.with(|agreed| agreed.contains(&id)));
    let may_load = move || booth.can_change_base() && !loaded.get() && (!asks || agreed.get());
    let interrupted = base.stored > 0 && base.stored < base.bytes;
    let words = Signal::derive(move || match (loaded.get(), interrupted) {
        (true, _) => text::BASE_LOADED,
        (false, true) => text::BASE_GO_ON,
        (false, false) => text::BASE_LOAD,
    });
    let id = base.id.clone();
    view! {
        <li class="kept-delta offer" data-testid="offer" data-base=base.id.clone()>
            <div class="about">
                <p class="title"><bdi>{title.clone()}</bdi></p>
                <p class="hint"><bdi>{shorten(&base.description, 400)}</bdi></p>
                <p class="hint">{needs}</p>
                {can_load
                    .then(|| view! { <OfferPlan base=base.clone() source=source.clone() title=title.clone() /> })}
                <p class="hint">
                    {text::BASE_LICENCE} " "
                    <Link url=base.licence.url.clone() words=shorten(&base.licence.name, 80) />
                    {(!base.page.is_empty()).then(|| view! { " · " <Link url=base.page.clone() words=text::BASE_PAGE.to_owned() /> })}
                </p>
                {asks
                    .then(|| {
                        view! {
                            <ToggleField
                                testid="agree"
                                label=text::BASE_AGREE.to_owned()
                                value=agreed
                                change=Callback::new(move |yes| bases.agree(&id, yes))
                            />
                        }
                    })}
            </div>
            <button
                type="button"
                class="button small"
                data-testid="load-base"
                aria-label=move || text::load_label(words.get(), &title)
                disabled=move || !may_load()
                on:click=move |_| booth.load_base(source.clone())
            >
                {words}
            </button>
        </li>
    }
}

/// A link that leads away from the page; only to a web page.
#[component]
fn Link(url: String, words: String) -> impl IntoView {
    if url.starts_with("https://") {
        view! { <a href=url target="_blank" rel="noopener noreferrer"><bdi>{words}</bdi></a> }
            .into_any()
    } else {
        view! { <bdi>{words}</bdi> }.into_any()
    }
}

/// What this browser keeps, with sizes.
#[component]
fn Stored() -> impl IntoView {
    let booth = booth();
    let stored = booth.bases.stored;
    view! {
        <Show when=move || stored.with(|stored| !stored.is_empty())>
            <h3>{text::STORED_TITLE}</h3>
            <ul class="library">
                {move || stored.get().into_iter().map(|base| view! { <StoredLine base=base /> }).collect_view()}
            </ul>
        </Show>
    }
}

#[component]
fn StoredLine(base: StoredBase) -> impl IntoView {
    let booth = booth();
    let title = shorten(base.title.trim(), 80);
    let (key, source) = (base.key.clone(), base.source.clone());
    view! {
        <li class="kept-delta offer" data-testid="stored-base">
            <div class="about">
                <p class="title"><bdi>{title.clone()}</bdi></p>
                <p class="hint">{text::kept(&base)}</p>
            </div>
            <div class="row">
                {source
                    .filter(|_| base.interrupted)
                    .map(|source| {
                        view! {
                            <button
                                type="button"
                                class="button small"
                                data-testid="go-on-download"
                                disabled=move || !booth.can_change_base()
                                on:click=move |_| booth.load_base(source.clone())
                            >
                                {text::BASE_GO_ON}
                            </button>
                        }
                    })}
                {(!base.in_use)
                    .then(|| {
                        view! {
                            <Delete
                                label=text::remove_label(&title)
                                testid="remove-stored"
                                word=text::REMOVE
                                delete=Callback::new(move |()| booth.remove_stored(key.clone()))
                            />
                        }
                    })}
            </div>
        </li>
    }
}
