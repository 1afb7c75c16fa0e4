//! The open delta: what it says of itself, download, close; and one that was refused.

use leptos::prelude::*;

use super::subject::take_chosen;
use crate::ui::{
    pixels::object_url,
    state::{OpenDelta, booth},
    text::{self, shorten},
};

/// At the top of card 3.
#[component]
pub fn DeltaPanel() -> impl IntoView {
    let booth = booth();
    view! {
        <RefusedDelta />
        <div class="delta">
            {move || match booth.delta.get() {
                Some(delta) => view! { <Summary delta=delta /> }.into_any(),
                None => view! { <p class="hint" data-testid="no-delta">{text::NO_DELTA}</p> }.into_any(),
            }}
            <div class="open">
                <input
                    type="file"
                    id="delta-input"
                    data-testid="delta-input"
                    class="visually-hidden"
                    accept=".safetensors"
                    disabled=move || booth.is_training()
                    on:change=move |event| take_chosen(booth, &event)
                />
                <label for="delta-input" class="button">
                    {text::OPEN_DELTA}
                </label>
            </div>
        </div>
    }
}

/// Everything here came out of a file: it is shown as text, isolated and cut to length.
#[component]
fn Summary(delta: OpenDelta) -> impl IntoView {
    let booth = booth();
    let OpenDelta {
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
    let words = format!(
        "{} {}",
        shorten(&summary.token, 60),
        shorten(&summary.class_word, 60)
    );
    let date = shorten(&summary.date, 40);
    let base = shorten(&summary.base, 120);
    view! {
        <div class="summary" id="delta-summary" data-testid="delta-summary">
            <p class="title">
                <bdi>{title}</bdi>
            </p>
            <p>"“" <bdi>{words}</bdi> "”"</p>
            <ul class="facts">
                <li>{text::count(summary.steps, "step")}</li>
                <li>{text::count(summary.parameters, "number")} ", " {text::bytes(summary.bytes)}</li>
                {(!base.is_empty()).then(|| view! { <li>{text::FOR_BASE} " " <bdi>{base}</bdi></li> })}
                {(!date.is_empty()).then(|| view! { <li><bdi>{date}</bdi></li> })}
            </ul>
            <div class="row">
                <a class="button primary" id="download-delta" data-testid="download-delta" href=url download=file_name>
                    {text::DOWNLOAD_DELTA}
                </a>
                <button
                    type="button"
                    class="button"
                    id="close-delta"
                    data-testid="close-delta"
                    disabled=move || booth.is_training()
                    on:click=move |_| booth.close_delta()
                >
                    {text::CLOSE_DELTA}
                </button>
            </div>
        </div>
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
