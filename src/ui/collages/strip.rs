//! The strip of collages that training will use.

use leptos::prelude::*;

use crate::ui::collages::editor::CollageEditor;
use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::widgets::canvas::Picture;
use crate::worker::protocol::ShownCollage;

/// Shown where there are several subjects.
#[component]
pub fn CollageStrip() -> impl IntoView {
    let booth = booth();
    let of = booth.collages;
    let several = move || booth.subjects.with(Vec::len) > 1;
    let there = Memo::new(move |_| of.shown.with(|shown| !shown.is_empty()));
    let instead = move || {
        of.refusal.get().unwrap_or_else(|| {
            let why = match (booth.mixes(), there.get()) {
                (false, _) => text::COLLAGES_OFF,
                (true, false) => text::COLLAGES_WAITING,
                (true, true) => text::COLLAGES_HINT,
            };
            why.to_owned()
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
                        disabled=move || booth.is_training() || !there.get()
                        on:click=move |_| booth.shuffle()
                    >
                        {text::SHUFFLE}
                    </button>
                </div>
                <p class="hint" class:refusal=move || of.refusal.with(Option::is_some) role="status" data-testid="collages-hint">{instead}</p>
                <Show when=move || there.get()>
                    <ol class="strip" aria-label=text::COLLAGES_LABEL>
                        <For each=move || of.shown.get().into_iter().enumerate() key=|(number, _)| *number let((number, shown))>
                            <StripItem number=number shown=shown />
                        </For>
                    </ol>
                    {move || of.open.get().and_then(|number| {
                        let shown = booth.collage(number)?;
                        Some(view! { <CollageEditor number=number shown=shown /> })
                    })}
                </Show>
            </section>
        </Show>
    }
}

#[component]
fn StripItem(number: usize, shown: ArcRwSignal<ShownCollage>) -> impl IntoView {
    let booth = booth();
    let of = booth.collages;
    let arranged = Memo::new(move |_| {
        of.arranged
            .with(|own| own.iter().any(|own| own.number == number))
    });
    let open = move || of.open.get() == Some(number);
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
                disabled=move || booth.is_training()
                on:click=move |_| of.open.update(|now| *now = (*now != Some(number)).then_some(number))
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
