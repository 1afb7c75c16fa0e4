//! The open deltas in card 3, and a delta that was refused.

use leptos::prelude::*;

use crate::ui::{
    browser::pixels::object_url,
    deltas::{
        combine_panel::CombinePanel,
        describe_panel::DescribePanel,
        export_panel::ExportPanel,
        state::{Deltas, OpenDelta, title},
    },
    engine::activity::Activity,
    intake::Intake,
    sharing::share_panel::SharePanel,
    text::{self, shorten},
    widgets::{delete::revoke_later, field::RangeField},
};
use crate::worker::protocol::DeltaSummary;

/// Range of a strength.
const STRENGTHS: [f32; 2] = [-1.0, 2.0];

/// The open deltas, at the top of card 3.
#[component]
pub fn OpenDeltas() -> impl IntoView {
    let deltas: Deltas = expect_context();
    let activity: Activity = expect_context();
    let intake: Intake = expect_context();
    let count = Memo::new(move |_| deltas.open.with(Vec::len));
    view! {
        <RefusedDelta />
        <div class="delta">
            <Show when=move || count.get() == 0>
                <p class="hint" data-testid="no-delta">{text::NO_DELTA}</p>
            </Show>
            <ul class="deltas" aria-label=text::DELTAS_LABEL>
                <For each=move || deltas.open.get() key=|delta| delta.key let(delta)>
                    <DeltaItem delta=delta />
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
                    disabled=move || activity.is_training()
                    on:change=move |event| intake.take_input(&event, None)
                />
                <label for="delta-input" class="button">
                    {move || if count.get() == 0 { text::OPEN_DELTA } else { text::OPEN_ANOTHER }}
                </label>
            </div>
        </div>
    }
}

/// An open delta. Its metadata comes from a file: it is shown as text, isolated and cut to length.
#[component]
fn DeltaItem(delta: OpenDelta) -> impl IntoView {
    let title = title(&delta.summary);
    let label = text::strength_label(&title);
    let (strength, value) = (delta.strength.clone(), delta.strength.clone());
    view! {
        <li class="summary" data-testid="delta-summary">
            <Facts summary=delta.summary.clone() title=title.clone() />
            <RangeField
                id=format!("strength-{}", delta.key)
                testid="strength"
                label=text::STRENGTH
                full_label=Signal::derive(move || label.clone())
                value=Signal::derive(move || value.get() as f32)
                range=STRENGTHS
                step=0.05
                // Rounded to two decimals, so that 1 on the slider is exactly 1.
                change=move |to: f32| strength.set((f64::from(to) * 100.0).round() / 100.0)
            />
            <Buttons delta=delta.clone() title=title />
            <SharePanel delta=delta.clone() />
            <DescribePanel delta=delta.clone() />
            <ExportPanel delta=delta />
        </li>
    }
}

/// Title, subjects, steps, size, base model, date.
#[component]
fn Facts(summary: DeltaSummary, title: String) -> impl IntoView {
    let names = shorten(&text::names(&summary.subjects), 160);
    let date = text::day(&summary.date);
    let base = shorten(&summary.base, 120);
    view! {
        <p class="title">
            <bdi>{title.clone()}</bdi>
        </p>
        {(!names.is_empty() && names != title).then(|| view! { <p>"“" <bdi>{names}</bdi> "”"</p> })}
        <ul class="facts">
            <li>{text::count(summary.steps, "step")}</li>
            <li>{text::numbers(summary.parameters)} ", " {text::bytes(summary.bytes)}</li>
            {(!base.is_empty()).then(|| view! { <li>{text::FOR_BASE} " " <bdi>{base}</bdi></li> })}
            {(!date.is_empty()).then(|| view! { <li><bdi>{date}</bdi></li> })}
        </ul>
    }
}

/// Download and close.
#[component]
fn Buttons(delta: OpenDelta, title: String) -> impl IntoView {
    let deltas: Deltas = expect_context();
    let activity: Activity = expect_context();
    let OpenDelta {
        id,
        file_name,
        file,
        ..
    } = delta;
    let url = object_url(&file);
    revoke_later(url.clone());
    view! {
        <div class="row">
            <a class="button primary small" data-testid="download-delta" aria-label=text::download_label(&title) href=url download=file_name>
                {text::DOWNLOAD_DELTA}
            </a>
            <button
                type="button"
                class="button small"
                data-testid="close-delta"
                aria-label=text::close_label(&title)
                disabled=move || activity.is_training()
                on:click=move |_| deltas.close(id.clone())
            >
                {text::CLOSE_DELTA}
            </button>
        </div>
    }
}

/// A delta that was refused because it belongs to another base model; it can be applied anyway.
#[component]
fn RefusedDelta() -> impl IntoView {
    let deltas: Deltas = expect_context();
    view! {
        {move || {
            deltas.refused.get().map(|(name, file)| {
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
                                on:click=move |_| deltas.open_file(name.clone(), file.clone(), true)
                            >
                                {text::APPLY_ANYWAY}
                            </button>
                            <button type="button" class="button" on:click=move |_| deltas.refused.set(None)>
                                {text::LEAVE_IT}
                            </button>
                        </div>
                    </div>
                }
            })
        }}
    }
}
