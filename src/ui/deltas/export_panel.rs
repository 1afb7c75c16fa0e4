//! A delta for another program.

use leptos::prelude::*;

use crate::ui::state::{OpenDelta, booth};
use crate::ui::text;
use crate::ui::widgets::field::{ChoiceField, NumberField};
use crate::worker::protocol::ExportFormat;

/// Rank that keeps most of a trained delta of the embedded base.
const RANK: f64 = 64.0;

/// Folded away until asked for.
#[component]
pub fn ExportPanel(
    /// Which.
    delta: OpenDelta,
) -> impl IntoView {
    let booth = booth();
    let format = RwSignal::new(ExportFormat::default());
    let rank = RwSignal::new(RANK);
    let no_rank = Signal::derive(move || format.get() == ExportFormat::SvdiffPytorch);
    let busy = move || booth.busy.get() || booth.is_training() || booth.is_generating();
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
                disabled=busy
                on:click=move |_| booth.export_delta(&delta, format.get_untracked(), rank.get_untracked() as usize)
            >
                {text::EXPORT}
            </button>
        </details>
    }
}
