//! Card 1: the subjects, each with its pictures and the two words for it.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use crate::ui::app::intake::SUBJECTS;
use crate::ui::cards::samples::Samples;
use crate::ui::state::{Booth, Subject, booth};
use crate::ui::subjects::camera::Camera;
use crate::ui::subjects::thumbnail::SubjectThumbnail;
use crate::ui::text;

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
            <For each=move || booth.subjects.get() key=|subject| subject.number let(subject)>
                <OneSubject subject=subject />
            </For>
            <Show when=move || booth.subjects.with(Vec::len) < SUBJECTS.len()>
                <div class="another">
                    <button
                        type="button"
                        class="button"
                        id="add-subject"
                        data-testid="add-subject"
                        aria-describedby="add-subject-hint"
                        disabled=move || booth.is_training()
                        on:click=move |_| booth.add_subject()
                    >
                        {text::ADD_SUBJECT}
                    </button>
                    <p class="hint" id="add-subject-hint">{text::ADD_SUBJECT_HINT}</p>
                </div>
            </Show>
            <p class="credit">
                {text::SAMPLES_CREDIT} " "
                <a href="https://creativecommons.org/licenses/by/4.0/" rel="noreferrer" target="_blank">
                    {text::SAMPLES_LICENCE}
                </a>
            </p>
        </section>
    }
}

/// Takes what a file input holds and empties it, so that the same file can be chosen again.
pub fn take_chosen(booth: Booth, event: &web_sys::Event, subject: Option<u32>) {
    let input = event_target::<HtmlInputElement>(event);
    booth.take_files(input.files(), subject);
    input.set_value("");
}

/// `name` for the first subject, 'name-2' and so on for the others.
pub fn own(name: &str, subject: Subject) -> String {
    match subject.number {
        0 => name.to_owned(),
        number => format!("{name}-{}", number + 1),
    }
}

/// Pictures, words and samples of one subject.
#[component]
fn OneSubject(subject: Subject) -> impl IntoView {
    let booth = booth();
    let several = Memo::new(move |_| booth.subjects.with(Vec::len) > 1);
    let place = Memo::new(move |_| {
        let subjects = booth.subjects.get();
        let place = subjects.iter().position(|of| of.number == subject.number);
        place.unwrap_or(0) + 1
    });
    let input = own("file-input", subject);
    view! {
        <section
            class="subject"
            class:several=move || several.get()
            data-testid="subject"
            data-subject=subject.number.to_string()
            aria-label=move || text::subject_number(place.get())
        >
            <Show when=move || several.get()>
                <div class="subject-head">
                    <h3>{move || text::subject_number(place.get())}</h3>
                    <button
                        type="button"
                        class="icon"
                        data-testid=own("remove-subject", subject)
                        aria-label=move || text::remove_subject(place.get())
                        title=text::REMOVE
                        disabled=move || booth.is_training()
                        on:click=move |_| booth.remove_subject(subject)
                    >
                        "×"
                    </button>
                </div>
            </Show>
            <div class="dropzone" class:over=move || booth.dragging.get()>
                <p class="strong">{text::DROP_HERE}</p>
                <input
                    type="file"
                    id=input.clone()
                    data-testid=input.clone()
                    class="visually-hidden"
                    multiple
                    accept="image/png,image/jpeg,image/webp,.safetensors"
                    disabled=move || booth.is_training()
                    on:change=move |event| take_chosen(booth, &event, Some(subject.number))
                />
                <label for=input class="button">
                    {text::CHOOSE_PICTURES}
                </label>
                <Camera subject=subject />
                <p class="hint lead">{text::PICTURE_KINDS}". "{text::SUBJECT_LEAD}</p>
            </div>
            <ul class="thumbnails" aria-label=text::PICTURES_LABEL>
                <For each=move || subject.pictures.get() key=|picture| picture.id let(picture)>
                    <SubjectThumbnail subject=subject picture=picture />
                </For>
            </ul>
            <Words subject=subject />
            <Samples subject=subject several=several.into() />
        </section>
    }
}

/// Identifier and class word.
#[component]
fn Words(subject: Subject) -> impl IntoView {
    view! {
        <div class="fields two words">
            <Word
                id=own("token", subject)
                label=text::TOKEN
                hint=text::TOKEN_HINT
                value=subject.token
            />
            <Word
                id=own("class-word", subject)
                label=text::CLASS_WORD
                hint=text::CLASS_WORD_HINT
                value=subject.class_word
                known=true
            />
        </div>
    }
}

#[component]
fn Word(
    id: String,
    label: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
    /// Offers the things that the base knows.
    #[prop(optional)]
    known: bool,
) -> impl IntoView {
    let booth = booth();
    let (hint_id, list_id) = (format!("{id}-hint"), format!("{id}-known"));
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                type="text"
                id=id.clone()
                data-testid=id
                maxlength="40"
                list=known.then(|| list_id.clone())
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=hint_id.clone()
                bind:value=value
                disabled=move || booth.is_training()
            />
            <p class="hint" id=hint_id>{hint}</p>
            {known
                .then(|| {
                    view! {
                        <datalist id=list_id>
                            {text::KNOWN_THINGS.iter().map(|thing| view! { <option value=*thing></option> }).collect_view()}
                        </datalist>
                    }
                })}
        </div>
    }
}
