//! Where the words of a prompt have their attention.

use leptos::prelude::*;

use super::state::Generate;
use crate::ui::{engine::activity::Activity, text};
use crate::worker::protocol::GenerateRequest;

/// The words of a prompt, each with a button that shows its attention. Collapsed by default.
#[component]
pub fn AttentionPanel(request: GenerateRequest) -> impl IntoView {
    let generate: Generate = expect_context();
    let activity: Activity = expect_context();
    let words = distinct_words(&request.config.prompt);
    let button = move |word: String| {
        let (request, asked) = (request.clone(), word.clone());
        view! {
            <button
                type="button"
                class="chip"
                data-testid="look"
                aria-label=text::attention_label(&word)
                disabled=move || activity.is_busy()
                on:click=move |_| generate.show_attention(&request, &asked)
            >
                <bdi>{text::shorten(&word, 40)}</bdi>
            </button>
        }
    };
    view! {
        <details class="advanced look" data-testid="look-panel">
            <summary>{text::ATTENTION_TITLE}</summary>
            <div class="chips">{words.into_iter().map(button).collect_view()}</div>
        </details>
    }
}

/// The words of a prompt without punctuation, each once.
fn distinct_words(prompt: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in prompt.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}
