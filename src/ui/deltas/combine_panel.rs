//! The panel that combines open deltas.

use leptos::prelude::*;

use super::state::Deltas;
use crate::ui::{
    text,
    widgets::field::{ChoiceField, NumberField, RangeField},
};
use crate::worker::protocol::Combining;

/// Collapsed by default.
#[component]
pub fn CombinePanel() -> impl IntoView {
    let deltas: Deltas = expect_context();
    let settings = deltas.combine;
    let between = move || settings.method.get() == Combining::Interpolate;
    view! {
        <details class="advanced" id="combine-panel" data-testid="combine-panel">
            <summary>{text::COMBINE_TITLE}</summary>
            <ChoiceField id="combine-how" label=text::COMBINE_HOW value=settings.method choices=&Combining::ALL name=text::combining />
            <Show when=between>
                <RangeField
                    id="combine-alpha".to_owned()
                    testid="combine-alpha"
                    label=text::COMBINE_ALPHA
                    value=settings.alpha
                    range=[0.0, 1.0]
                    step=0.05
                    change=move |to: f32| settings.alpha.set(to)
                />
            </Show>
            <NumberField id="combine-rank" label=text::COMBINE_RANK value=settings.rank min=0.0 max=100000.0 whole=true />
            <p class="hint">{text::COMBINE_RANK_HINT}</p>
            <button
                type="button"
                class="button"
                id="combine"
                data-testid="combine"
                disabled=move || !deltas.can_combine()
                on:click=move |_| deltas.combine_open()
            >
                {text::COMBINE}
            </button>
        </details>
    }
}
