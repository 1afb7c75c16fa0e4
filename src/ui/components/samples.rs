//! Sample subjects, and the button that goes the whole way on one.

use leptos::prelude::*;

use super::subject::own;
use crate::ui::{
    intake::SAMPLES,
    state::{Subject, booth},
    text,
};

/// The samples of one subject; 'Try it' where it is the only one.
#[component]
pub fn Samples(subject: Subject, several: Signal<bool>) -> impl IntoView {
    let booth = booth();
    let locked = move || booth.is_training() || booth.fetching.get();
    let thing = move || {
        SAMPLES
            .iter()
            .find(|(name, _)| *name == subject.sample.get())
            .map_or("dog", |(_, word)| *word)
    };
    let title = own("samples-title", subject);
    view! {
        <div class="samples-block">
            <h3 id=title.clone()>{move || if several.get() { text::SAMPLE_INSTEAD } else { text::SAMPLES_TITLE }}</h3>
            <div class="samples" role="group" aria-labelledby=title>
                {SAMPLES
                    .iter()
                    .map(|&(name, word)| {
                        let id = own(&format!("sample-{name}"), subject);
                        view! {
                            <button
                                type="button"
                                class="sample"
                                id=id.clone()
                                data-testid=id
                                aria-label=text::sample_label(word)
                                aria-pressed=move || subject.shows_sample(name).to_string()
                                title=word
                                disabled=locked
                                on:click=move |_| booth.take_sample(subject, name, false)
                            >
                                <img src=format!("subjects/{name}/0.png") alt="" width="48" height="48" />
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <Show when=move || !several.get()>
                <div class="try">
                    <button
                        type="button"
                        class="button primary"
                        id="try-it"
                        data-testid="try-it"
                        aria-describedby="try-it-hint"
                        disabled=locked
                        on:click=move |_| booth.take_sample(subject, subject.sample.get_untracked(), true)
                    >
                        {text::TRY_IT}
                    </button>
                    <p class="hint" id="try-it-hint">{move || text::try_it_hint(thing())}</p>
                </div>
            </Show>
        </div>
    }
}
