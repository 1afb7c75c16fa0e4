//! Sample subjects, and the button that goes the whole way on one, or on a person's own pictures.

use leptos::prelude::*;

use crate::ui::app::intake::SAMPLES;
use crate::ui::cards::gather::own;
use crate::ui::cards::train::plan;
use crate::ui::state::{Subject, booth};
use crate::ui::text;

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
    // With own pictures there, what training on them will do, or what stands in its way.
    let own_plan = Memo::new(move |_| subject.has_own_pictures().then(|| plan(booth)));
    let go = move || match own_plan.get_untracked() {
        None => booth.take_sample(subject, subject.sample.get_untracked(), true),
        Some(_) => booth.train_and_show(),
    };
    let hint = move || match own_plan.get() {
        None => text::try_it_hint(thing()),
        Some(Ok(_)) => text::try_it_own_hint(subject.class_word.get().trim()),
        Some(Err(why)) => why,
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
                        disabled=move || locked() || matches!(own_plan.get(), Some(Err(_)))
                        on:click=move |_| go()
                    >
                        {text::TRY_IT}
                    </button>
                    <p class="hint" id="try-it-hint" data-testid="try-it-hint">{hint}</p>
                </div>
            </Show>
        </div>
    }
}
