//! The layers to train.

use leptos::prelude::*;

use super::state::Training;
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
        let option = |preset: &Preset| {
            let name = preset.name.clone();
            let selected = move || settings.layers.with(|layers| *layers == name);
            view! {
                <option value=preset.name.clone() selected=selected>
                    {text::preset(&text::shorten(&preset.name, 60), preset.shifts)}
                </option>
            }
        };
        presets.iter().map(option).collect_view()
    };
    view! {
        <div class="field">
            <label for="layers">{text::LAYERS}</label>
            <select
                id="layers"
                data-testid="layers"
                disabled=move || activity.is_training() || training.presets.with(Vec::is_empty)
                on:change=move |event| settings.layers.set(event_target_value(&event))
            >
                {options}
            </select>
        </div>
        <ToggleField
            testid="text-encoder"
            label=Signal::derive(move || text::text_encoder(training.text_encoder_shifts.get()))
            value=settings.text_encoder
            change=move |on| settings.text_encoder.set(on)
            disabled=Signal::derive(move || activity.is_training())
        />
    }
}
