//! The panel that edits one picture.

use leptos::prelude::*;

use super::edit::Editing;
use crate::config::EditConfigStoreFields;
use crate::ui::{
    intake::Intake,
    subjects::{state::EDITED, thumbnail::SubjectThumbnail},
    text,
    widgets::field::{NumberField, RangeField, TextField},
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
            <TextField id="edit-prompt" label=text::EDIT_PROMPT example=text::EDIT_PROMPT_EXAMPLE value=editing.config.prompt() />
            <TextField id="edit-target" label=text::EDIT_TARGET example=text::EDIT_TARGET_EXAMPLE value=editing.config.target_prompt() />
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
    let config = editing.config;
    view! {
        <div class="fields two">
            <RangeField
                id="edit-eta".to_owned()
                testid="edit-eta"
                label=text::EDIT_FREEDOM
                value=Signal::derive(move || config.eta().get() as f32)
                range=[0.0, 1.0]
                step=0.05
                change=move |to: f32| config.eta().set(to.into())
            />
            <RangeField
                id="edit-slerp".to_owned()
                testid="edit-slerp"
                label=text::EDIT_SLERP
                value=Signal::derive(move || config.slerp().get() as f32)
                range=[0.0, 1.0]
                step=0.05
                change=move |to: f32| config.slerp().set(to.into())
            />
            <NumberField id="edit-train-steps" label=text::EDIT_TRAIN_STEPS value=config.max_train_steps() min=0.0 max=10000.0 whole=true />
            <NumberField id="edit-steps" label=text::EDIT_STEPS value=config.num_inference_steps() min=2.0 max=1000.0 whole=true />
            <NumberField id="edit-guidance" label=text::GUIDANCE value=config.guidance_scale() min=0.0 max=30.0 />
        </div>
    }
}
