//! Captions of training pictures.

use leptos::prelude::*;

use crate::ui::{
    engine::activity::Activity, settings::fields::TrainFields, subjects::state::Subjects, text,
};

/// Templates of the captions, and the scenes of class pictures.
#[component]
pub fn Captions() -> impl IntoView {
    let settings: TrainFields = expect_context();
    let subjects: Subjects = expect_context();
    let [single, left_right, top_bottom, together] = settings.captions;
    let several = move || subjects.count() > 1;
    view! {
        <TextField id="caption-single" label=text::CAPTION_SINGLE value=single />
        <Show when=several>
            <TextField id="caption-left-right" label=text::CAPTION_LEFT_RIGHT value=left_right />
            <TextField id="caption-top-bottom" label=text::CAPTION_TOP_BOTTOM value=top_bottom />
            <TextField id="caption-together" label=text::CAPTION_TOGETHER value=together />
        </Show>
        <TextField id="class-scenes" label=text::CLASS_SCENES value=settings.class_scenes />
        <p class="hint">{text::CAPTIONS_HINT}</p>
    }
}

#[component]
fn TextField(id: &'static str, label: &'static str, value: RwSignal<String>) -> impl IntoView {
    let activity: Activity = expect_context();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input type="text" id=id data-testid=id maxlength="500" autocomplete="off" bind:value=value disabled=move || activity.is_training() />
        </div>
    }
}
