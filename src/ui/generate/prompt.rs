//! What pictures are asked for: prompt, ideas, and the numbers.

use leptos::prelude::*;

use crate::ui::browser::api::random_seed;
use crate::ui::settings::fields::Row;
use crate::ui::state::{Engine, booth};
use crate::ui::text;
use crate::ui::training::advanced::LARGEST_SEED;
use crate::ui::widgets::field::{ChoiceField, NumberField, ToggleField};
use crate::worker::protocol::SamplerKind;

/// The prompt, with scenes that fill it in.
#[component]
pub fn Prompt() -> impl IntoView {
    let booth = booth();
    let fields = booth.generate;
    let pair = Memo::new(move |_| booth.words().len() > 1);
    view! {
        <div class="field">
            <label for="prompt">{text::PROMPT}</label>
            <textarea
                id="prompt"
                data-testid="prompt"
                rows="2"
                maxlength="1000"
                prop:value=move || booth.prompt()
                on:input=move |event| fields.prompt.set(Some(event_target_value(&event)))
                on:keydown=move |event| {
                    if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                        event.prevent_default();
                        if booth.may_generate() {
                            booth.make_pictures();
                        }
                    }
                }
            ></textarea>
        </div>
        <div class="chips" role="group" aria-label=text::PROMPT_IDEAS>
            {move || {
                let (ideas, scene) = if pair.get() {
                    (&text::PAIRS[..], fields.pair)
                } else {
                    (&text::SCENES[..], fields.scene)
                };
                ideas
                    .iter()
                    .map(|&idea| {
                        view! {
                            <button
                                type="button"
                                class="chip"
                                data-testid="idea"
                                aria-pressed=move || (fields.prompt.with(Option::is_none) && scene.get() == idea).to_string()
                                on:click=move |_| {
                                    scene.set(idea);
                                    fields.prompt.set(None);
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

/// Seed, count, comparison; the rest folded away.
#[component]
pub fn GenerateOptions() -> impl IntoView {
    let booth = booth();
    let fields = booth.generate;
    view! {
        <div class="row">
            <NumberField id="seed" label=text::SEED value=fields.seed min=0.0 max=LARGEST_SEED whole=true />
            <button
                type="button"
                class="button dice"
                id="dice"
                data-testid="dice"
                aria-label=text::DICE
                title=text::DICE
                on:click=move |_| fields.seed.set(random_seed())
            >
                <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
                    <rect x="3" y="3" width="18" height="18" rx="4"></rect>
                    <circle cx="8" cy="8" r="1.6"></circle>
                    <circle cx="16" cy="8" r="1.6"></circle>
                    <circle cx="12" cy="12" r="1.6"></circle>
                    <circle cx="8" cy="16" r="1.6"></circle>
                    <circle cx="16" cy="16" r="1.6"></circle>
                </svg>
            </button>
            <NumberField id="count" label=text::COUNT value=fields.count min=1.0 max=16.0 whole=true />
        </div>
        <ToggleField testid="compare" label=text::COMPARE.to_owned() value=fields.compare change=move |on| fields.compare.set(on) />
        <details class="advanced" id="more-options" data-testid="more-options">
            <summary>{text::MORE_OPTIONS}</summary>
            <div class="field">
                <label for="negative-prompt">{text::NEGATIVE_PROMPT}</label>
                <input
                    type="text"
                    id="negative-prompt"
                    data-testid="negative-prompt"
                    maxlength="1000"
                    placeholder=text::NEGATIVE_PROMPT_HINT
                    bind:value=fields.negative_prompt
                />
            </div>
            <ChoiceField id="row" label=text::ROW value=fields.row choices=&Row::ALL name=text::row />
            <ChoiceField id="sampler" label=text::SAMPLER value=fields.sampler choices=&SamplerKind::ALL name=text::sampler />
            <div class="fields two">
                <NumberField id="sampling-steps" label=text::SAMPLING_STEPS value=fields.steps min=1.0 max=1000.0 whole=true />
                <NumberField id="guidance" label=text::GUIDANCE value=fields.guidance_scale min=0.0 max=30.0 />
            </div>
        </details>
    }
}

/// Generate, or stop what is being made.
#[component]
pub fn GenerateButton() -> impl IntoView {
    let booth = booth();
    let progress = move || booth.stages.get().generate.unwrap_or((0, 1));
    view! {
        <div class="row generate">
            <button
                type="button"
                class="button primary"
                id="generate"
                data-testid="generate"
                disabled=move || !booth.may_generate()
                on:click=move |_| booth.make_pictures()
            >
                {text::GENERATE}
            </button>
            <Show when=move || booth.is_generating() && booth.engine.get() != Engine::Down>
                <progress
                    id="generate-progress"
                    data-testid="generate-progress"
                    aria-label=text::GENERATE
                    max=move || progress().1.max(1).to_string()
                    value=move || progress().0.to_string()
                ></progress>
                <Show when=move || !booth.is_training()>
                    <button type="button" class="button" id="cancel" data-testid="cancel" on:click=move |_| booth.cancel()>
                        {text::CANCEL}
                    </button>
                </Show>
            </Show>
        </div>
    }
}
