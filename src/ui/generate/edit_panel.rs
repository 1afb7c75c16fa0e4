//! The panel that edits one picture.

use leptos::prelude::*;

use super::edit::Editing;
use crate::ui::{
    intake::Intake,
    subjects::{state::EDITED, thumbnail::SubjectThumbnail},
    text,
    widgets::field::{NumberField, RangeField},
};

/// Collapsed by default.
#[component]
pub fn EditPanel() -> impl IntoView {
    let editing: Editing = expect_context();
    let intake: Intake = expect_context();
    let subject = editing.subject;
    view! {
        <details class="advanced" id="edit-panel" data-testid="edit-panel" data-subject=EDITED.to_string()>
            <summary>{text::EDIT_TITLE}</summary>
            <p class="hint">{text::EDIT_LEAD}</p>
            <div class="open">
                <input
                    type="file"
                    id="edit-input"
                    data-testid="edit-input"
                    class="visually-hidden"
                    accept="image/png,image/jpeg,image/webp"
                    on:change=move |event| intake.take_input(&event, Some(EDITED))
                />
                <label for="edit-input" class="button">
                    {text::EDIT_CHOOSE}
                </label>
            </div>
            <ul class="thumbnails" aria-label=text::BEFORE_CAPTION>
                <For each=move || subject.pictures.get() key=|picture| picture.id let(picture)>
                    <SubjectThumbnail subject=subject picture=picture />
                </For>
            </ul>
            <EditPrompt id="edit-prompt" label=text::EDIT_PROMPT example=text::EDIT_PROMPT_EXAMPLE value=editing.prompt />
            <EditPrompt id="edit-target" label=text::EDIT_TARGET example=text::EDIT_TARGET_EXAMPLE value=editing.target />
            <Numbers />
            <button
                type="button"
                class="button primary"
                id="edit"
                data-testid="edit"
                disabled=move || !editing.can_start()
                on:click=move |_| editing.start()
            >
                {text::EDIT}
            </button>
        </details>
    }
}

/// Steps, guidance and randomness.
#[component]
fn Numbers() -> impl IntoView {
    let editing: Editing = expect_context();
    view! {
        <div class="fields two">
            <RangeField
                id="edit-eta".to_owned()
                testid="edit-eta"
                label=text::EDIT_FREEDOM
                value=editing.eta
                range=[0.0, 1.0]
                step=0.05
                change=move |to: f32| editing.eta.set(to)
            />
            <RangeField
                id="edit-slerp".to_owned()
                testid="edit-slerp"
                label=text::EDIT_SLERP
                value=editing.slerp
                range=[0.0, 1.0]
                step=0.05
                change=move |to: f32| editing.slerp.set(to)
            />
            <NumberField id="edit-train-steps" label=text::EDIT_TRAIN_STEPS value=editing.train_steps min=0.0 max=10000.0 whole=true />
            <NumberField id="edit-steps" label=text::EDIT_STEPS value=editing.steps min=2.0 max=1000.0 whole=true />
            <NumberField id="edit-guidance" label=text::GUIDANCE value=editing.guidance_scale min=0.0 max=30.0 />
        </div>
    }
}

#[component]
fn EditPrompt(
    id: &'static str,
    label: &'static str,
    example: &'static str,
    value: RwSignal<String>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input type="text" id=id data-testid=id maxlength="500" autocomplete="off" placeholder=example bind:value=value />
        </div>
    }
}
