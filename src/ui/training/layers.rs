//! The layers to train.

use leptos::prelude::*;

use super::state::Training;
use crate::config::TrainConfigStoreFields;
use crate::ui::{engine::activity::Activity, text, widgets::field::ToggleField};
use crate::worker::protocol::Preset;

/// A preset of the UNet's layers, and a switch for the text encoder.
#[component]
pub fn Layers() -> impl IntoView {
    let training: Training = expect_context();
    let activity: Activity = expect_context();
    let settings = training.settings;
    let options = move || {
        let presets = training.presets.get();
        let option = |(index, preset): (usize, &Preset)| {
            let name = preset.name;
            let selected = move || settings.layers().get() == name;
            view! {
                <option value=index.to_string() selected=selected>
                    {text::preset(name, preset.shifts)}
                </option>
            }
        };
        presets.iter().enumerate().map(option).collect_view()
    };
    let choose = move |index: String| {
        let presets = training.presets.get_untracked();
        let chosen = index
            .parse()
            .ok()
            .and_then(|index: usize| presets.get(index));
        if let Some(preset) = chosen {
            settings.layers().set(preset.name);
        }
    };
    view! {
        <div class="field">
            <label for="layers">{text::LAYERS}</label>
            <select
                id="layers"
                data-testid="layers"
                disabled=move || activity.is_training() || training.presets.with(Vec::is_empty)
                on:change=move |event| choose(event_target_value(&event))
            >
                {options}
            </select>
        </div>
        <ToggleField
            testid="text-encoder"
            label=Signal::derive(move || text::text_encoder(training.text_encoder_shifts.get()))
            value=settings.train_text_encoder()
            change=move |on| settings.train_text_encoder().set(on)
            disabled=Signal::derive(move || activity.is_training())
        />
    }
}
