//! Three ways to begin: a sample, the user's pictures, a delta.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::{
    deltas::state::Deltas, engine::activity::Activity, generate::state::Generate,
    messages::state::Messages, settings::generate::GenerateSettings,
    sharing::shared_link::SharedLink, subjects::state::Subjects, text, training::state::Training,
};

/// Shown until there are pictures, deltas or results.
#[component]
pub fn WaysIn() -> impl IntoView {
    let subjects: Subjects = expect_context();
    let deltas: Deltas = expect_context();
    let results = expect_context::<Generate>().results;
    let shared_link: SharedLink = expect_context();
    let activity: Activity = expect_context();
    let untouched = Memo::new(move |_| {
        let has_pictures = subjects
            .list
            .get()
            .iter()
            .any(|subject| subject.usable() > 0);
        !has_pictures
            && deltas.open.with(Vec::is_empty)
            && results.list.with(Vec::is_empty)
            && shared_link.delta.with(Option::is_none)
            && !subjects.fetching.get()
            && !activity.is_training()
    });
    view! {
        <Show when=move || untouched.get()>
            <nav class="ways" aria-label=text::WAYS_LABEL data-testid="ways-in">
                <img class="hero" src="hero.png" alt=text::HERO_ALT width="576" height="128" fetchpriority="high" />
                <SampleWay />
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

/// Trains on the sample of the first subject.
#[component]
fn SampleWay() -> impl IntoView {
    let subjects: Subjects = expect_context();
    let training: Training = expect_context();
    let generate: GenerateSettings = expect_context();
    let messages: Messages = expect_context();
    let start = move |_| {
        if let Some(subject) = subjects.list.get_untracked().first().copied() {
            let sample = subject.sample.get_untracked();
            subjects.use_sample(subject, sample, messages, move || {
                training.start_trial(generate);
            });
        }
    };
    view! {
        <button type="button" class="way primary" id="way-sample" data-testid="way-sample" on:click=start>
            <span class="strong">{text::WAY_SAMPLE}</span>
            <span>{text::WAY_SAMPLE_HINT}</span>
        </button>
    }
}

/// Opens the file dialog of an input.
fn click(id: &str) {
    let input = document().get_element_by_id(id);
    if let Some(input) = input.and_then(|input| input.dyn_into::<web_sys::HtmlElement>().ok()) {
        input.click();
    }
}
