//! The panel that exports a delta for other programs.

use leptos::prelude::*;

use super::state::{Deltas, OpenDelta};
use crate::ui::{
    text,
    widgets::field::{ChoiceField, NumberField},
};
use crate::worker::protocol::ExportFormat;

/// A rank that keeps most of a delta trained on the embedded model.
const RANK: f64 = 64.0;

/// Collapsed by default.
#[component]
pub fn ExportPanel(
    /// The delta to export.
    delta: OpenDelta,
) -> impl IntoView {
    let deltas: Deltas = expect_context();
    let format = RwSignal::new(ExportFormat::default());
    let rank = RwSignal::new(RANK);
    let no_rank = Signal::derive(move || format.get() == ExportFormat::SvdiffPytorch);
    let key = delta.key;
    view! {
        <details class="advanced" data-testid="export-panel">
            <summary>{text::EXPORT_TITLE}</summary>
            <div class="fields two">
                <ChoiceField
                    id=format!("export-format-{key}")
                    testid="export-format"
                    label=text::EXPORT_FORMAT
                    value=format
                    choices=&ExportFormat::ALL
                    name=text::export_format
                />
                <NumberField id=format!("export-rank-{key}") testid="export-rank" label=text::EXPORT_RANK value=rank min=1.0 max=100000.0 whole=true disabled=no_rank />
            </div>
            <p class="hint">{text::EXPORT_HINT}</p>
            <button
                type="button"
                class="button small"
                data-testid="export"
                disabled=move || deltas.is_locked()
                on:click=move |_| deltas.export(&delta, format.get_untracked(), rank.get_untracked() as usize)
            >
                {text::EXPORT}
            </button>
        </details>
    }
}
