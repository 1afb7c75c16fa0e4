//! Card 1: the subjects, each with its pictures and its two words.

use leptos::prelude::*;

use super::samples::Samples;
use crate::ui::{
    engine::activity::Activity,
    intake::Intake,
    subjects::{
        camera::Camera,
        state::{INITIAL_SUBJECTS, Subject, Subjects},
        thumbnail::SubjectThumbnail,
        words::Words,
    },
    text,
};

/// Card 1.
#[component]
pub fn SubjectCard() -> impl IntoView {
    let subjects: Subjects = expect_context();
    let activity: Activity = expect_context();
    view! {
        <section class="card" aria-labelledby="subject-title">
            <h2 id="subject-title">
                <span class="number" aria-hidden="true">"1"</span>
                {text::SUBJECT_TITLE}
            </h2>
            <For each=move || subjects.list.get() key=|subject| subject.number let(subject)>
                <OneSubject subject=subject />
            </For>
            <Show when=move || subjects.count() < INITIAL_SUBJECTS.len()>
                <div class="another">
                    <button
                        type="button"
                        class="button"
                        id="add-subject"
                        data-testid="add-subject"
                        aria-describedby="add-subject-hint"
                        disabled=move || activity.is_training()
                        on:click=move |_| subjects.add()
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

/// Pictures, words and samples of one subject.
#[component]
fn OneSubject(subject: Subject) -> impl IntoView {
    let subjects: Subjects = expect_context();
    let several = Memo::new(move |_| subjects.count() > 1);
    let place = Memo::new(move |_| {
        let subjects = subjects.list.get();
        let place = subjects.iter().position(|of| of.number == subject.number);
        place.unwrap_or(0) + 1
    });
    view! {
        <section
            class="subject"
            class:several=move || several.get()
            data-testid="subject"
            data-subject=subject.number.to_string()
            aria-label=move || text::subject_number(place.get())
        >
            <Show when=move || several.get()>
                <SubjectHeader subject=subject place=place />
            </Show>
            <Dropzone subject=subject />
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

/// Its number, and a button to remove it; shown when there are several.
#[component]
fn SubjectHeader(subject: Subject, place: Memo<usize>) -> impl IntoView {
    let subjects: Subjects = expect_context();
    let activity: Activity = expect_context();
    view! {
        <div class="subject-head">
            <h3>{move || text::subject_number(place.get())}</h3>
            <button
                type="button"
                class="icon"
                data-testid=subject.element_id("remove-subject")
                aria-label=move || text::remove_subject(place.get())
                title=text::REMOVE
                disabled=move || activity.is_training()
                on:click=move |_| subjects.remove(subject)
            >
                "×"
            </button>
        </div>
    }
}

/// Files from the disk, by dropping or by dialog, and the camera.
#[component]
fn Dropzone(subject: Subject) -> impl IntoView {
    let subjects: Subjects = expect_context();
    let activity: Activity = expect_context();
    let intake: Intake = expect_context();
    let input = subject.element_id("file-input");
    view! {
        <div class="dropzone" class:over=move || subjects.dragging.get()>
            <p class="strong">{text::DROP_HERE}</p>
            <input
                type="file"
                id=input.clone()
                data-testid=input.clone()
                class="visually-hidden"
                multiple
                accept="image/png,image/jpeg,image/webp,.safetensors"
                disabled=move || activity.is_training()
                on:change=move |event| intake.take_input(&event, Some(subject.number))
            />
            <label for=input class="button">
                {text::CHOOSE_PICTURES}
            </label>
            <Camera subject=subject />
            <p class="hint lead">{text::PICTURE_KINDS}". "{text::SUBJECT_LEAD}</p>
        </div>
    }
}
