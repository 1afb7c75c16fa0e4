//! The prompt and the button that makes pictures.

use leptos::prelude::*;

use super::state::Generate;
use crate::ui::{
    engine::{
        activity::Activity,
        connection::{Engine, EngineStatus},
    },
    text,
};

/// The prompt, with ideas for it.
#[component]
pub fn Prompt() -> impl IntoView {
    let generate: Generate = expect_context();
    let settings = generate.settings;
    view! {
        <div class="field">
            <label for="prompt">{text::PROMPT}</label>
            <textarea
                id="prompt"
                data-testid="prompt"
                rows="2"
                maxlength="1000"
                prop:value=move || generate.prompt()
                on:input=move |event| settings.prompt.set(Some(event_target_value(&event)))
                on:keydown=move |event| {
                    if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                        event.prevent_default();
                        if generate.can_start() {
                            generate.start();
                        }
                    }
                }
            ></textarea>
        </div>
        <Ideas />
    }
}

/// Buttons that fill in the prompt: scenes for one subject, or prompts for two.
#[component]
fn Ideas() -> impl IntoView {
    let generate: Generate = expect_context();
    let settings = generate.settings;
    let pair = Memo::new(move |_| generate.words().len() > 1);
    view! {
        <div class="chips" role="group" aria-label=text::PROMPT_IDEAS>
            {move || {
                let (ideas, scene) = if pair.get() {
                    (&text::PAIRS[..], settings.pair)
                } else {
                    (&text::SCENES[..], settings.scene)
                };
                ideas
                    .iter()
                    .map(|&idea| {
                        view! {
                            <button
                                type="button"
                                class="chip"
                                data-testid="idea"
                                aria-pressed=move || (settings.prompt.with(Option::is_none) && scene.get() == idea).to_string()
                                on:click=move |_| {
                                    scene.set(idea);
                                    settings.prompt.set(None);
                                }
                            >
                                {text::idea(idea)}
                            </button>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

/// Starts making pictures, or stops it.
#[component]
pub fn GenerateButton() -> impl IntoView {
    let generate: Generate = expect_context();
    let engine: Engine = expect_context();
    let activity: Activity = expect_context();
    let progress = move || activity.stages.get().generate.unwrap_or((0, 1));
    view! {
        <div class="row generate">
            <button
                type="button"
                class="button primary"
                id="generate"
                data-testid="generate"
                disabled=move || !generate.can_start()
                on:click=move |_| generate.start()
            >
                {text::GENERATE}
            </button>
            <Show when=move || activity.is_generating() && engine.status.get() != EngineStatus::Down>
                <progress
                    id="generate-progress"
                    data-testid="generate-progress"
                    aria-label=text::GENERATE
                    max=move || progress().1.max(1).to_string()
                    value=move || progress().0.to_string()
                ></progress>
                <Show when=move || !activity.is_training()>
                    <button type="button" class="button" id="cancel" data-testid="cancel" on:click=move |_| generate.cancel()>
                        {text::CANCEL}
                    </button>
                </Show>
            </Show>
        </div>
    }
}
