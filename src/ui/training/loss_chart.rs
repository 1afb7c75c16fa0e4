//! The loss chart: every step thin, the moving average thick, and a summary in words.

use leptos::prelude::*;

use super::{
    chart::{HEIGHT, WIDTH, ceiling, path, smooth},
    state::Training,
};
use crate::ui::text;

/// Redrawn at most once per animation frame.
#[component]
pub fn LossChart() -> impl IntoView {
    let run = expect_context::<Training>().run;
    let top = Memo::new(move |_| run.losses.with(|losses| ceiling(losses)));
    let smoothed = Memo::new(move |_| run.losses.with(|losses| smooth(losses)));
    let steps = move || run.throughput.get().map_or(1, |latest| latest.total);
    let raw_path = move || run.losses.with(|losses| path(losses, steps(), top.get()));
    let smooth_path = move || smoothed.with(|losses| path(losses, steps(), top.get()));
    let summary = move || {
        smoothed.with(|losses| match (losses.first(), losses.last()) {
            (Some(first), Some(last)) => text::loss_summary(last.step, first.loss, last.loss),
            _ => text::LOSS_EMPTY.to_owned(),
        })
    };
    let drawn = move || run.losses.with(|losses| !losses.is_empty());
    view! {
        <figure class="loss" class:empty=move || !drawn() id="loss-chart" data-testid="loss-chart" data-points=move || run.losses.with(Vec::len).to_string()>
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
