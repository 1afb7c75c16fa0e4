//! Card 3: the delta, what to make with it, and what was made.

use leptos::prelude::*;

use crate::ui::cards::open_deltas::DeltaPanel;
use crate::ui::generate::edit_panel::EditPanel;
use crate::ui::generate::prompt::{GenerateButton, GenerateOptions, Prompt};
use crate::ui::generate::results::Results;
use crate::ui::text;

/// Use.
#[component]
pub fn UseCard() -> impl IntoView {
    view! {
        <section class="card use" aria-labelledby="use-title">
            <h2 id="use-title">
                <span class="number" aria-hidden="true">"3"</span>
                {text::USE_TITLE}
            </h2>
            <DeltaPanel />
            <Prompt />
            <GenerateOptions />
            <GenerateButton />
            <EditPanel />
            <Results />
        </section>
    }
}
