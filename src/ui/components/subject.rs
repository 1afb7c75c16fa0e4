//! Card 1: pictures of the subject and the two words for it.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::picture::SubjectThumbnail;
use crate::ui::{
    intake::SAMPLES,
    state::{Booth, booth},
    text,
};

/// Gather.
#[component]
pub fn SubjectCard() -> impl IntoView {
    let booth = booth();
    view! {
        <section class="card" aria-labelledby="subject-title">
            <h2 id="subject-title">
                <span class="number" aria-hidden="true">"1"</span>
                {text::SUBJECT_TITLE}
            </h2>
            <div class="dropzone" class:over=move || booth.dragging.get()>
                <p class="strong">{text::DROP_HERE}</p>
                <input
                    type="file"
                    id="file-input"
                    data-testid="file-input"
                    class="visually-hidden"
                    multiple
                    accept="image/png,image/jpeg,image/webp,.safetensors"
                    disabled=move || booth.is_training()
                    on:change=move |event| take_chosen(booth, &event)
                />
                <label for="file-input" class="button">
                    {text::CHOOSE_PICTURES}
                </label>
                <p class="hint">{text::PICTURE_KINDS}". "{text::SUBJECT_LEAD}</p>
            </div>
            <ul class="thumbnails" aria-label=text::PICTURES_LABEL>
                <For each=move || booth.pictures.get() key=|picture| picture.id let(picture)>
                    <SubjectThumbnail picture=picture />
                </For>
            </ul>
            <Words />
            <Samples />
        </section>
    }
}

/// Takes what a file input holds and empties it, so that the same file can be chosen again.
pub fn take_chosen(booth: Booth, event: &web_sys::Event) {
    let input = event_target::<HtmlInputElement>(event);
    booth.take_files(input.files());
    input.set_value("");
}

/// Identifier and class word.
#[component]
fn Words() -> impl IntoView {
    let booth = booth();
    view! {
        <div class="fields two">
            <div class="field">
                <label for="token">{text::TOKEN}</label>
                <input
                    type="text"
                    id="token"
                    data-testid="token"
                    maxlength="40"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby="token-hint"
                    bind:value=booth.train.token
                    disabled=move || booth.is_training()
                />
                <p class="hint" id="token-hint">{text::TOKEN_HINT}</p>
            </div>
            <div class="field">
                <label for="class-word">{text::CLASS_WORD}</label>
                <input
                    type="text"
                    id="class-word"
                    data-testid="class-word"
                    maxlength="40"
                    list="known-things"
                    autocomplete="off"
                    autocapitalize="none"
                    aria-describedby="class-word-hint"
                    bind:value=booth.train.class_word
                    disabled=move || booth.is_training()
                />
                <p class="hint" id="class-word-hint">{text::CLASS_WORD_HINT}</p>
                <datalist id="known-things">
                    {text::KNOWN_THINGS.iter().map(|thing| view! { <option value=*thing></option> }).collect_view()}
                </datalist>
            </div>
        </div>
    }
}

/// Sample subjects, and the button that goes the whole way on one.
#[component]
fn Samples() -> impl IntoView {
    let booth = booth();
    let locked = move || booth.is_training() || booth.fetching.get();
    let thing = move || {
        SAMPLES
            .iter()
            .find(|(name, _)| *name == booth.sample.get())
            .map_or("dog", |(_, word)| *word)
    };
    view! {
        <div class="samples-block">
            <h3 id="samples-title">{text::SAMPLES_TITLE}</h3>
            <div class="samples" role="group" aria-labelledby="samples-title">
                {SAMPLES
                    .iter()
                    .map(|&(name, word)| {
                        view! {
                            <button
                                type="button"
                                class="sample"
                                id=format!("sample-{name}")
                                data-testid=format!("sample-{name}")
                                aria-label=text::sample_label(word)
                                aria-pressed=move || (booth.sample.get() == name).to_string()
                                title=word
                                disabled=locked
                                on:click=move |_| booth.take_sample(name, false)
                            >
                                <img src=format!("subjects/{name}/0.png") alt="" width="48" height="48" />
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <div class="try">
                <button
                    type="button"
                    class="button primary"
                    id="try-it"
                    data-testid="try-it"
                    aria-describedby="try-it-hint"
                    disabled=locked
                    on:click=move |_| booth.take_sample(booth.sample.get_untracked(), true)
                >
                    {text::TRY_IT}
                </button>
                <p class="hint" id="try-it-hint">{move || text::try_it_hint(thing())}</p>
            </div>
            <p class="credit">
                {text::SAMPLES_CREDIT} " "
                <a href="https://creativecommons.org/licenses/by/4.0/" rel="noreferrer" target="_blank">
                    {text::SAMPLES_LICENCE}
                </a>
            </p>
        </div>
    }
}
