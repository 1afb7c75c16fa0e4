//! Sample subjects, and the 'Try it' button, which trains and shows the subject in one press.

use leptos::prelude::*;

use crate::ui::{
    engine::activity::Activity,
    messages::state::Messages,
    settings::generate::GenerateSettings,
    subjects::{
        samples::SAMPLES,
        state::{Subject, Subjects},
    },
    text,
    training::state::Training,
};

/// The samples of a subject; with 'Try it' if it is the only subject.
#[component]
pub fn Samples(subject: Subject, several: Signal<bool>) -> impl IntoView {
    let subjects: Subjects = expect_context();
    let activity: Activity = expect_context();
    let locked = Signal::derive(move || activity.is_training() || subjects.fetching.get());
    let title = subject.element_id("samples-title");
    view! {
        <div class="samples-block">
            <h3 id=title.clone()>{move || if several.get() { text::SAMPLE_INSTEAD } else { text::SAMPLES_TITLE }}</h3>
            <div class="samples" role="group" aria-labelledby=title>
                {SAMPLES
                    .iter()
                    .map(|&(name, word)| view! { <SampleButton subject=subject name=name word=word locked=locked /> })
                    .collect_view()}
            </div>
            <Show when=move || !several.get()>
                <TryIt subject=subject locked=locked />
            </Show>
        </div>
    }
}

#[component]
fn SampleButton(
    subject: Subject,
    name: &'static str,
    word: &'static str,
    locked: Signal<bool>,
) -> impl IntoView {
    let subjects: Subjects = expect_context();
    let messages: Messages = expect_context();
    let id = subject.element_id(&format!("sample-{name}"));
    view! {
        <button
            type="button"
            class="sample"
            id=id.clone()
            data-testid=id
            aria-label=text::sample_label(word)
            aria-pressed=move || subject.shows_sample(name).to_string()
            title=word
            disabled=move || locked.get()
            on:click=move |_| subjects.use_sample(subject, name, messages, || ())
        >
            <img src=format!("subjects/{name}/0.png") alt="" width="48" height="48" />
        </button>
    }
}

/// Trains on the sample, or on the user's pictures if there are any, and shows the subject.
#[component]
fn TryIt(subject: Subject, locked: Signal<bool>) -> impl IntoView {
    let training: Training = expect_context();
    let generate: GenerateSettings = expect_context();
    let subjects: Subjects = expect_context();
    let messages: Messages = expect_context();
    let class_word = move || {
        SAMPLES
            .iter()
            .find(|(name, _)| *name == subject.sample.get())
            .map_or("dog", |(_, word)| *word)
    };
    // With the user's pictures: what training on them will do, or what prevents it.
    let user_plan = Memo::new(move |_| subject.has_user_pictures().then(|| training.plan()));
    let start = move || match user_plan.get_untracked() {
        None => subjects.use_sample(
            subject,
            subject.sample.get_untracked(),
            messages,
            move || training.start_trial(generate),
        ),
        Some(_) => training.start_trial(generate),
    };
    let hint = move || match user_plan.get() {
        None => text::try_it_hint(class_word()),
        Some(Ok(_)) => text::try_it_own_hint(subject.class_word.get().trim()),
        Some(Err(why)) => why,
    };
    view! {
        <div class="try">
            <button
                type="button"
                class="button primary"
                id="try-it"
                data-testid="try-it"
                aria-describedby="try-it-hint"
                disabled=move || locked.get() || matches!(user_plan.get(), Some(Err(_)))
                on:click=move |_| start()
            >
                {text::TRY_IT}
            </button>
            <p class="hint" id="try-it-hint" data-testid="try-it-hint">{hint}</p>
        </div>
    }
}
