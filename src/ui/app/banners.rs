//! Three ways in, and what this browser lacks.

use leptos::prelude::*;

use crate::ui::browser::capabilities::Lack;
use crate::ui::state::{Engine, booth};
use crate::ui::text;

/// Shown until something was gathered or opened.
#[component]
pub fn WaysIn() -> impl IntoView {
    let booth = booth();
    let untouched = Memo::new(move |_| {
        let gathered = booth
            .subjects
            .get()
            .iter()
            .any(|subject| subject.usable() > 0);
        !gathered
            && booth.deltas.with(Vec::is_empty)
            && booth.results.with(Vec::is_empty)
            && booth.arrival.with(Option::is_none)
            && !booth.fetching.get()
            && !booth.is_training()
    });
    view! {
        <Show when=move || untouched.get()>
            <nav class="ways" aria-label=text::WAYS_LABEL data-testid="ways-in">
                <img class="hero" src="hero.png" alt=text::HERO_ALT width="576" height="128" fetchpriority="high" />
                <button
                    type="button"
                    class="way primary"
                    id="way-sample"
                    data-testid="way-sample"
                    on:click=move |_| {
                        if let Some(subject) = booth.subjects.get_untracked().first().copied() {
                            booth.take_sample(subject, subject.sample.get_untracked(), true);
                        }
                    }
                >
                    <span class="strong">{text::WAY_SAMPLE}</span>
                    <span>{text::WAY_SAMPLE_HINT}</span>
                </button>
                <button type="button" class="way" data-testid="way-pictures" on:click=move |_| click("file-input")>
                    <span class="strong">{text::WAY_PICTURES}</span>
                    <span>{text::WAY_PICTURES_HINT}</span>
                </button>
                <button type="button" class="way" data-testid="way-delta" on:click=move |_| click("delta-input")>
                    <span class="strong">{text::WAY_DELTA}</span>
                    <span>{text::WAY_DELTA_HINT}</span>
                </button>
            </nav>
        </Show>
    }
}

/// Opens the file chooser of an input.
fn click(id: &str) {
    use wasm_bindgen::JsCast;

    let input = document().get_element_by_id(id);
    if let Some(input) = input.and_then(|input| input.dyn_into::<web_sys::HtmlElement>().ok()) {
        input.click();
    }
}

/// What this browser lacks, what that means and what still works.
#[component]
pub fn Banners() -> impl IntoView {
    let booth = booth();
    view! {
        <section class="banners" data-testid="banners" aria-label=text::BANNERS_LABEL>
            <Show when=move || booth.engine.get() == Engine::Asking>
                <div class="notice" data-testid="data-saver">
                    <p>{text::SAVES_DATA}</p>
                    <div class="row">
                        <button type="button" class="button primary" data-testid="start-engine" on:click=move |_| booth.start_engine()>
                            {text::START_ENGINE}
                        </button>
                    </div>
                </div>
            </Show>
            <For each=move || booth.lacks.get() key=|lack| *lack as u8 let(lack)>
                <Banner lack=lack />
            </For>
        </section>
    }
}

#[component]
fn Banner(lack: Lack) -> impl IntoView {
    let booth = booth();
    view! {
        <div class="notice plain" role="note" data-testid="banner">
            <p>{text::lack(lack)}</p>
            <button
                type="button"
                class="icon"
                aria-label=text::DISMISS
                title=text::DISMISS
                on:click=move |_| booth.lacks.update(|lacks| lacks.retain(|of| *of != lack))
            >
                "×"
            </button>
        </div>
    }
}
