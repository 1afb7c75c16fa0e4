//! The panel that changes the metadata of an open delta: title, author, licence, description.

use leptos::prelude::*;

use super::state::{Deltas, OpenDelta};
use crate::ui::{engine::activity::Activity, text};
use crate::worker::protocol::DescribeRequest;

/// Collapsed by default.
#[component]
pub fn DescribePanel(
    /// The delta to describe.
    delta: OpenDelta,
) -> impl IntoView {
    let deltas: Deltas = expect_context();
    let activity: Activity = expect_context();
    let OpenDelta {
        id, key, summary, ..
    } = delta;
    let [title, author, licence, description] = [
        summary.title,
        summary.author,
        summary.licence,
        summary.description,
    ]
    .map(RwSignal::new);
    let lines = [
        ("title", text::WORDS_TITLE, title),
        ("author", text::WORDS_AUTHOR, author),
        ("licence", text::WORDS_LICENCE, licence),
        ("description", text::WORDS_DESCRIPTION, description),
    ];
    view! {
        <details class="advanced" data-testid="words-panel">
            <summary>{text::WORDS_SUMMARY}</summary>
            {lines
                .into_iter()
                .map(|(name, label, value)| {
                    let id = format!("delta-{name}-{key}");
                    view! {
                        <div class="field">
                            <label for=id.clone()>{label}</label>
                            <input type="text" id=id data-testid=format!("delta-{name}") maxlength="300" autocomplete="off" bind:value=value />
                        </div>
                    }
                })
                .collect_view()}
            <p class="hint">{text::WORDS_HINT}</p>
            <button
                type="button"
                class="button small"
                data-testid="save-words"
                disabled=move || activity.is_training()
                on:click=move |_| {
                    deltas
                        .describe(DescribeRequest {
                            id: id.clone(),
                            title: title.get_untracked().trim().to_owned(),
                            author: author.get_untracked().trim().to_owned(),
                            licence: licence.get_untracked().trim().to_owned(),
                            description: description.get_untracked().trim().to_owned(),
                        });
                }
            >
                {text::WORDS_SAVE}
            </button>
        </details>
    }
}
