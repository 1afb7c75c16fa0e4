//! One picture, edited by its prompt.

use leptos::prelude::*;

use crate::ui::cards::gather::take_chosen;
use crate::ui::generate::edit::EDITED;
use crate::ui::state::booth;
use crate::ui::subjects::thumbnail::SubjectThumbnail;
use crate::ui::text;
use crate::ui::widgets::field::{NumberField, RangeField};

/// Folded away until asked for.
#[component]
pub fn EditPanel() -> impl IntoView {
    let booth = booth();
    let fields = booth.edit;
    let subject = fields.subject;
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
                    on:change=move |event| take_chosen(booth, &event, Some(EDITED))
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
            <EditPrompt id="edit-prompt" label=text::EDIT_PROMPT example=text::EDIT_PROMPT_EXAMPLE value=fields.prompt />
            <EditPrompt id="edit-target" label=text::EDIT_TARGET example=text::EDIT_TARGET_EXAMPLE value=fields.target />
            <div class="fields two">
                <RangeField
                    id="edit-eta".to_owned()
                    testid="edit-eta"
                    label=text::EDIT_FREEDOM
                    value=fields.eta
                    range=[0.0, 1.0]
                    step=0.05
                    change=move |to: f32| fields.eta.set(to)
                />
                <RangeField
                    id="edit-slerp".to_owned()
                    testid="edit-slerp"
                    label=text::EDIT_SLERP
                    value=fields.slerp
                    range=[0.0, 1.0]
                    step=0.05
                    change=move |to: f32| fields.slerp.set(to)
                />
                <NumberField id="edit-train-steps" label=text::EDIT_TRAIN_STEPS value=fields.train_steps min=0.0 max=10000.0 whole=true />
                <NumberField id="edit-steps" label=text::EDIT_STEPS value=fields.steps min=2.0 max=1000.0 whole=true />
                <NumberField id="edit-guidance" label=text::GUIDANCE value=fields.guidance_scale min=0.0 max=30.0 />
            </div>
            <button
                type="button"
                class="button primary"
                id="edit"
                data-testid="edit"
                disabled=move || !booth.may_edit()
                on:click=move |_| booth.edit_picture()
            >
                {text::EDIT}
            </button>
        </details>
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
