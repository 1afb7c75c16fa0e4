//! The settings of making pictures.

use leptos::prelude::*;

use crate::config::GenerateConfigStoreFields;
use crate::ui::{
    browser::api::random_seed,
    settings::generate::{GenerateSettings, Row},
    text,
    widgets::field::{ChoiceField, LARGEST_SEED, NumberField, ToggleField},
};
use crate::worker::protocol::SamplerKind;

/// Seed, number of pictures, comparison with the base model; the rest is collapsed.
#[component]
pub fn GenerateOptions() -> impl IntoView {
    let settings: GenerateSettings = expect_context();
    view! {
        <div class="row">
            <NumberField id="seed" label=text::SEED value=settings.config.seed() min=0.0 max=LARGEST_SEED whole=true />
            <button
                type="button"
                class="button dice"
                id="dice"
                data-testid="dice"
                aria-label=text::DICE
                title=text::DICE
                on:click=move |_| settings.config.seed().set(random_seed())
            >
                <Dice />
            </button>
            <NumberField id="count" label=text::COUNT value=settings.config.num_images_per_prompt() min=1.0 max=16.0 whole=true />
        </div>
        <ToggleField testid="compare" label=text::COMPARE.to_owned() value=settings.compare change=move |on| settings.compare.set(on) />
        <MoreOptions />
    }
}

#[component]
fn Dice() -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <rect x="3" y="3" width="18" height="18" rx="4"></rect>
            <circle cx="8" cy="8" r="1.6"></circle>
            <circle cx="16" cy="8" r="1.6"></circle>
            <circle cx="12" cy="12" r="1.6"></circle>
            <circle cx="8" cy="16" r="1.6"></circle>
            <circle cx="16" cy="16" r="1.6"></circle>
        </svg>
    }
}

/// Negative prompt, what differs in a row, sampler, steps, guidance.
#[component]
fn MoreOptions() -> impl IntoView {
    let settings: GenerateSettings = expect_context();
    view! {
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
                    prop:value=move || settings.config.negative_prompt().get()
                    on:input=move |event| settings.config.negative_prompt().set(event_target_value(&event))
                />
            </div>
            <ChoiceField id="row" label=text::ROW value=settings.row choices=&Row::ALL name=row_name />
            <ChoiceField id="sampler" label=text::SAMPLER value=settings.config.sampler() choices=&SamplerKind::ALL name=text::sampler />
            <div class="fields two">
                <NumberField id="sampling-steps" label=text::SAMPLING_STEPS value=settings.config.num_inference_steps() min=1.0 max=1000.0 whole=true />
                <NumberField id="guidance" label=text::GUIDANCE value=settings.config.guidance_scale() min=0.0 max=30.0 />
            </div>
        </details>
    }
}

fn row_name(row: Row) -> &'static str {
    match row {
        Row::Seeds => text::ROW_SEEDS,
        Row::Strengths => text::ROW_STRENGTHS,
    }
}
