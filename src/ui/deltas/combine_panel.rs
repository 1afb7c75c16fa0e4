//! One delta of the open ones.

use leptos::prelude::*;

use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::widgets::field::{ChoiceField, NumberField, RangeField};
use crate::worker::protocol::Combining;

/// Folded away until asked for.
#[component]
pub fn CombinePanel() -> impl IntoView {
    let booth = booth();
    let fields = booth.combine;
    let between = move || fields.how.get() == Combining::Interpolate;
    view! {
        <details class="advanced" id="combine-panel" data-testid="combine-panel">
            <summary>{text::COMBINE_TITLE}</summary>
            <ChoiceField id="combine-how" label=text::COMBINE_HOW value=fields.how choices=&Combining::ALL name=text::combining />
            <Show when=between>
                <RangeField
                    id="combine-alpha".to_owned()
                    testid="combine-alpha"
                    label=text::COMBINE_ALPHA
                    value=fields.alpha
                    range=[0.0, 1.0]
                    step=0.05
                    change=move |to: f32| fields.alpha.set(to)
                />
            </Show>
            <NumberField id="combine-rank" label=text::COMBINE_RANK value=fields.rank min=0.0 max=100000.0 whole=true />
            <p class="hint">{text::COMBINE_RANK_HINT}</p>
            <button
                type="button"
                class="button"
                id="combine"
                data-testid="combine"
                disabled=move || !booth.may_combine()
                on:click=move |_| booth.combine_deltas()
            >
                {text::COMBINE}
            </button>
        </details>
    }
}
