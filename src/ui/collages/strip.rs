//! The strip of collages that training will use.

use leptos::prelude::*;

use super::{editor::CollageEditor, state::Collages};
use crate::ui::{
    engine::activity::Activity, subjects::state::Subjects, text, widgets::canvas::Picture,
};
use crate::worker::protocol::ShownCollage;

/// Shown when there are several subjects.
#[component]
pub fn CollageStrip() -> impl IntoView {
    let collages: Collages = expect_context();
    let activity: Activity = expect_context();
    let subjects: Subjects = expect_context();
    let several = move || subjects.count() > 1;
    let available = Memo::new(move |_| collages.shown.with(|shown| !shown.is_empty()));
    let hint = move || {
        collages.refusal.get().unwrap_or_else(|| {
            let words = match (collages.are_used(), available.get()) {
                (false, _) => text::COLLAGES_OFF,
                (true, false) => text::COLLAGES_WAITING,
                (true, true) => text::COLLAGES_HINT,
            };
            words.to_owned()
        })
    };
    view! {
        <Show when=several>
            <section class="collages" aria-labelledby="collages-title" data-testid="collages">
                <div class="subject-head">
                    <h3 id="collages-title">{text::COLLAGES_TITLE}</h3>
                    <button
                        type="button"
                        class="button small"
                        data-testid="shuffle"
                        title=text::SHUFFLE_TITLE
                        disabled=move || activity.is_training() || !available.get()
                        on:click=move |_| collages.shuffle()
                    >
                        {text::SHUFFLE}
                    </button>
                </div>
                <p class="hint" class:refusal=move || collages.refusal.with(Option::is_some) role="status" data-testid="collages-hint">{hint}</p>
                <Show when=move || available.get()>
                    <ol class="strip" aria-label=text::COLLAGES_LABEL>
                        <For each=move || collages.shown.get().into_iter().enumerate() key=|(number, _)| *number let((number, shown))>
                            <StripItem number=number shown=shown />
                        </For>
                    </ol>
                    {move || collages.open.get().and_then(|number| {
                        let shown = collages.by_number(number)?;
                        Some(view! { <CollageEditor number=number shown=shown /> })
                    })}
                </Show>
            </section>
        </Show>
    }
}

#[component]
fn StripItem(number: usize, shown: ArcRwSignal<ShownCollage>) -> impl IntoView {
    let collages: Collages = expect_context();
    let activity: Activity = expect_context();
    let arranged = Memo::new(move |_| {
        collages
            .arranged
            .with(|arranged| arranged.iter().any(|of| of.number == number))
    });
    let open = move || collages.open.get() == Some(number);
    let caption = {
        let shown = shown.clone();
        Memo::new(move |_| shown.with(|shown| shown.caption.clone()))
    };
    let picture = Signal::derive(move || Some(shown.with(|shown| shown.picture.clone())));
    view! {
        <li>
            <button
                type="button"
                data-testid="collage"
                aria-label=move || text::arrange_label(number, &caption.get())
                aria-expanded=move || open().to_string()
                disabled=move || activity.is_training()
                on:click=move |_| collages.open.update(|now| *now = (*now != Some(number)).then_some(number))
            >
                <Picture picture=picture label=Signal::derive(move || caption.get()) testid="collage-canvas" />
                <Show when=move || arranged.get()>
                    <span class="badge">{text::ARRANGED}</span>
                </Show>
            </button>
            <span aria-hidden="true">{move || caption.get()}</span>
        </li>
    }
}
