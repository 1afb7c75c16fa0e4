//! Captions of training pictures.

use leptos::prelude::*;

use crate::config::{CaptionsStoreFields, TrainConfigStoreFields};
use crate::ui::{
    engine::activity::Activity,
    settings::TrainSettings,
    subjects::state::Subjects,
    text,
    widgets::{field::TextField, setting::Setting},
};

/// Templates of the captions, and the scenes of class pictures.
#[component]
pub fn Captions() -> impl IntoView {
    let settings: TrainSettings = expect_context();
    let subjects: Subjects = expect_context();
    let activity: Activity = expect_context();
    let captions = settings.captions();
    let locked = Signal::derive(move || activity.is_training());
    let several = move || subjects.count() > 1;
    view! {
        <TextField id="caption-single" label=text::CAPTION_SINGLE value=captions.single() disabled=locked />
        <Show when=several>
            <TextField id="caption-left-right" label=text::CAPTION_LEFT_RIGHT value=captions.left_right() disabled=locked />
            <TextField id="caption-top-bottom" label=text::CAPTION_TOP_BOTTOM value=captions.top_bottom() disabled=locked />
            <TextField id="caption-together" label=text::CAPTION_TOGETHER value=captions.together() disabled=locked />
        </Show>
        <TextField id="class-scenes" label=text::CLASS_SCENES value=class_scenes(settings) disabled=locked />
        <p class="hint">{text::CAPTIONS_HINT}</p>
    }
}

/// The scenes as one text, with commas between them. What the user types stays as it is typed.
fn class_scenes(settings: TrainSettings) -> Setting<String> {
    let scenes = settings.captions().class_scenes();
    let typed = RwSignal::new(String::new());
    let read = move || {
        let (typed, scenes) = (typed.get(), scenes.get());
        if split(&typed) == scenes {
            typed
        } else {
            scenes.join(", ")
        }
    };
    let write = move |text: String| {
        scenes.set(split(&text));
        typed.set(text);
    };
    Setting::new(read, write)
}

fn split(text: &str) -> Vec<String> {
    text.split(',')
        .map(|scene| scene.trim().to_owned())
        .collect()
}
