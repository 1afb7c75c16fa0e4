//! The open deltas: what each says of itself, its strength, download, close; and one that was
//! refused.

use leptos::prelude::*;

use crate::ui::browser::pixels::object_url;
use crate::ui::cards::gather::take_chosen;
use crate::ui::deltas::combine_panel::CombinePanel;
use crate::ui::deltas::describe_panel::WordsPanel;
use crate::ui::deltas::export_panel::ExportPanel;
use crate::ui::sharing::share_panel::SharePanel;
use crate::ui::state::{OpenDelta, booth};
use crate::ui::text::{self, shorten};
use crate::ui::widgets::field::RangeField;

/// What a delta can be multiplied with.
const STRENGTHS: [f32; 2] = [-1.0, 2.0];

/// At the top of card 3.
#[component]
pub fn DeltaPanel() -> impl IntoView {
    let booth = booth();
    let count = Memo::new(move |_| booth.deltas.with(Vec::len));
    view! {
        <RefusedDelta />
        <div class="delta">
            <Show when=move || count.get() == 0>
                <p class="hint" data-testid="no-delta">{text::NO_DELTA}</p>
            </Show>
            <ul class="deltas" aria-label=text::DELTAS_LABEL>
                <For each=move || booth.deltas.get() key=|delta| delta.key let(delta)>
                    <Summary delta=delta />
                </For>
            </ul>
            <Show when=move || { count.get() > 1 }>
                <p class="hint">{text::DELTAS_HINT}</p>
            </Show>
            <Show when=move || { count.get() > 0 }>
                <CombinePanel />
            </Show>
            <div class="open">
                <input
                    type="file"
                    id="delta-input"
                    data-testid="delta-input"
                    class="visually-hidden"
                    multiple
                    accept=".safetensors"
                    disabled=move || booth.is_training()
                    on:change=move |event| take_chosen(booth, &event, None)
                />
                <label for="delta-input" class="button">
                    {move || if count.get() == 0 { text::OPEN_DELTA } else { text::OPEN_ANOTHER }}
                </label>
            </div>
        </div>
    }
}

/// Everything here came out of a file: it is shown as text, isolated and cut to length.
#[component]
fn Summary(delta: OpenDelta) -> impl IntoView {
    let booth = booth();
    let whole = delta.clone();
    let OpenDelta {
        id,
        key,
        strength,
        summary,
        file_name,
        file,
    } = delta;
    let url = object_url(&file);
    if let Some(url) = url.clone() {
        on_cleanup(move || {
            // A URL that is gone already needs no revoking.
            let _ = web_sys::Url::revoke_object_url(&url);
        });
    }
    let title = shorten(summary.title.trim(), 120);
    let title = if title.is_empty() {
        text::UNTITLED.to_owned()
    } else {
        title
    };
    let words = shorten(&text::names(&summary.subjects), 160);
    let date = text::day(&summary.date);
    let base = shorten(&summary.base, 120);
    let label = text::strength_label(&title);
    let value = strength.clone();
    view! {
        <li class="summary" data-testid="delta-summary">
            <p class="title">
                <bdi>{title.clone()}</bdi>
            </p>
            {(!words.is_empty() && words != title).then(|| view! { <p>"“" <bdi>{words}</bdi> "”"</p> })}
            <ul class="facts">
                <li>{text::count(summary.steps, "step")}</li>
                <li>{text::numbers(summary.parameters)} ", " {text::bytes(summary.bytes)}</li>
                {(!base.is_empty()).then(|| view! { <li>{text::FOR_BASE} " " <bdi>{base}</bdi></li> })}
                {(!date.is_empty()).then(|| view! { <li><bdi>{date}</bdi></li> })}
            </ul>
            <RangeField
                id=format!("strength-{key}")
                testid="strength"
                label=text::STRENGTH
                full_label=Signal::derive(move || label.clone())
                value=Signal::derive(move || value.get() as f32)
                range=STRENGTHS
                step=0.05
                // Two decimals, so that 1 on the slider is 1.
                change=move |to: f32| strength.set((f64::from(to) * 100.0).round() / 100.0)
            />
            <div class="row">
                <a class="button primary small" data-testid="download-delta" aria-label=text::download_label(&title) href=url download=file_name>
                    {text::DOWNLOAD_DELTA}
                </a>
                <button
                    type="button"
                    class="button small"
                    data-testid="close-delta"
                    aria-label=text::close_label(&title)
                    disabled=move || booth.is_training()
                    on:click=move |_| booth.close_delta(id.clone())
                >
                    {text::CLOSE_DELTA}
                </button>
            </div>
            <SharePanel delta=whole.clone() />
            <WordsPanel delta=whole.clone() />
            <ExportPanel delta=whole />
        </li>
    }
}

/// A delta for another base, for the curious.
#[component]
fn RefusedDelta() -> impl IntoView {
    let booth = booth();
    view! {
        {move || {
            booth.refused_delta.get().map(|(name, file)| {
                let shown = shorten(&name, 80);
                view! {
                    <div class="notice warning" role="alert" data-testid="refused-delta">
                        <p>
                            <bdi class="strong">{shown}</bdi>
                            ": "
                            {text::OTHER_BASE}
                        </p>
                        <div class="row">
                            <button
                                type="button"
                                class="button"
                                id="apply-anyway"
                                data-testid="apply-anyway"
                                on:click=move |_| booth.open_delta(name.clone(), file.clone(), true)
                            >
                                {text::APPLY_ANYWAY}
                            </button>
                            <button type="button" class="button" on:click=move |_| booth.refused_delta.set(None)>
                                {text::LEAVE_IT}
                            </button>
                        </div>
                    </div>
                }
            })
        }}
    }
}
