//! Card 3: open deltas, making pictures, results.

use leptos::prelude::*;

use super::open_deltas::OpenDeltas;
use crate::ui::{
    generate::{
        edit_panel::EditPanel,
        options::GenerateOptions,
        prompt::{GenerateButton, Prompt},
        results_panel::ResultsPanel,
    },
    text,
};

/// Card 3.
#[component]
pub fn UseCard() -> impl IntoView {
    view! {
        <section class="card use" aria-labelledby="use-title">
            <h2 id="use-title">
                <span class="number" aria-hidden="true">"3"</span>
                {text::USE_TITLE}
            </h2>
            <OpenDeltas />
            <Prompt />
            <GenerateOptions />
            <GenerateButton />
            <EditPanel />
            <ResultsPanel />
        </section>
    }
}
