//! The loss while it learns: every step thin, smoothed thick, and the same in words.

use leptos::prelude::*;

use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::training::chart::{HEIGHT, WIDTH, ceiling, path, smooth};

/// Redrawn at most once an animation frame, because losses arrive so.
#[component]
pub fn LossChart() -> impl IntoView {
    let booth = booth();
    let top = Memo::new(move |_| booth.losses.with(|losses| ceiling(losses)));
    let smoothed = Memo::new(move |_| booth.losses.with(|losses| smooth(losses)));
    let steps = move || booth.pace.get().map_or(1, |pace| pace.total);
    let raw_path = move || booth.losses.with(|losses| path(losses, steps(), top.get()));
    let smooth_path = move || smoothed.with(|losses| path(losses, steps(), top.get()));
    let summary = move || {
        smoothed.with(|losses| match (losses.first(), losses.last()) {
            (Some(first), Some(last)) => text::loss_summary(last.step, first.loss, last.loss),
            _ => text::LOSS_EMPTY.to_owned(),
        })
    };
    let drawn = move || booth.losses.with(|losses| !losses.is_empty());
    view! {
        <figure class="loss" class:empty=move || !drawn() id="loss-chart" data-testid="loss-chart" data-points=move || booth.losses.with(Vec::len).to_string()>
            <h3 id="loss-title">{text::LOSS_TITLE}</h3>
            <div class="plot">
                <span class="y-top" aria-hidden="true">{move || drawn().then(|| format!("{:.2}", top.get()))}</span>
                <span class="x-end" aria-hidden="true">{move || drawn().then(steps)}</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-labelledby="loss-title loss-summary">
                    <path class="raw" d=raw_path vector-effect="non-scaling-stroke"></path>
                    <path class="smooth" d=smooth_path vector-effect="non-scaling-stroke"></path>
                </svg>
            </div>
            <p class="legend" aria-hidden="true">
                <span class="key raw"></span>
                {text::LOSS_RAW}
                <span class="key smooth"></span>
                {text::LOSS_SMOOTH}
            </p>
            <figcaption id="loss-summary" class="hint">{summary}</figcaption>
        </figure>
    }
}
