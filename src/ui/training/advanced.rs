//! Settings of training that have good defaults.

use leptos::prelude::*;

use crate::recipe::{RateSchedule, TimestepSampling};
use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::widgets::field::{ChoiceField, NumberField, ToggleField};
use crate::worker::protocol::Preset;

/// The largest whole number that a number field holds exactly.
pub const LARGEST_SEED: f64 = 9_007_199_254_740_991.0;

/// Folded away until asked for.
#[component]
pub fn AdvancedSettings() -> impl IntoView {
    let booth = booth();
    let fields = booth.train;
    let locked = Signal::derive(move || booth.is_training());
    // Both are about collages of two.
    let alone = Signal::derive(move || locked.get() || booth.subjects.with(Vec::len) < 2);
    view! {
        <details class="advanced" id="advanced" data-testid="advanced">
            <summary>{text::ADVANCED}</summary>
            <Layers />
            <ToggleField testid="flip" label=text::FLIP.to_owned() value=fields.flip change=move |on| fields.flip.set(on) disabled=locked />
            <div class="fields two hinted">
                <ChoiceField id="schedule" label=text::SCHEDULE hint=text::SCHEDULE_HINT value=fields.schedule choices=&RateSchedule::ALL name=text::schedule disabled=locked />
                <ChoiceField id="timesteps" label=text::TIMESTEPS hint=text::TIMESTEPS_HINT value=fields.timesteps choices=&TimestepSampling::ALL name=text::timesteps disabled=locked />
                <NumberField id="batch" label=text::BATCH hint=text::BATCH_HINT value=fields.batch min=1.0 max=16.0 whole=true disabled=locked />
                <NumberField id="prior-batch" label=text::PRIOR_BATCH hint=text::PRIOR_BATCH_HINT value=fields.prior_batch min=1.0 max=16.0 whole=true disabled=locked />
                <NumberField id="min-snr" label=text::MIN_SNR hint=text::MIN_SNR_HINT value=fields.min_snr_gamma min=0.0 max=1000.0 disabled=locked />
                <NumberField id="ema" label=text::EMA hint=text::EMA_HINT value=fields.ema_decay min=0.0 max=0.9999 disabled=locked />
                <NumberField id="learning-rate" label=text::LEARNING_RATE hint=text::LEARNING_RATE_HINT value=fields.learning_rate min=0.0 max=1.0 disabled=locked />
                <NumberField id="learning-rate-1d" label=text::LEARNING_RATE_1D hint=text::LEARNING_RATE_1D_HINT value=fields.learning_rate_1d min=0.0 max=1.0 disabled=locked />
                <NumberField id="prior-weight" label=text::PRIOR_WEIGHT hint=text::PRIOR_WEIGHT_HINT value=fields.prior_weight min=0.0 max=10.0 disabled=locked />
                <NumberField id="prior-images" label=text::PRIOR_IMAGES hint=text::PRIOR_IMAGES_HINT value=fields.prior_images min=0.0 max=200.0 whole=true disabled=locked />
                <NumberField id="mix-probability" label=text::MIX_PROBABILITY hint=text::MIX_PROBABILITY_HINT value=fields.mix_probability min=0.0 max=1.0 disabled=alone />
                <NumberField id="unmix-weight" label=text::UNMIX_WEIGHT hint=text::UNMIX_WEIGHT_HINT value=fields.unmix_weight min=0.0 max=1000.0 disabled=alone />
                <NumberField id="preview-every" label=text::PREVIEW_EVERY hint=text::PREVIEW_EVERY_HINT value=fields.preview_every min=0.0 max=10000.0 whole=true disabled=locked />
                <NumberField id="checkpoint-every" label=text::CHECKPOINT_EVERY hint=text::CHECKPOINT_EVERY_HINT value=fields.checkpoint_every min=1.0 max=10000.0 whole=true disabled=locked />
                <NumberField id="train-seed" label=text::SEED hint=text::TRAIN_SEED_HINT value=fields.seed min=0.0 max=LARGEST_SEED whole=true disabled=locked />
            </div>
            <Captions />
        </details>
    }
}

/// What training pictures are called.
#[component]
fn Captions() -> impl IntoView {
    let booth = booth();
    let fields = booth.train;
    let [single, left_right, top_bottom, together] = fields.captions;
    let several = move || booth.subjects.with(Vec::len) > 1;
    view! {
        <TextField id="caption-single" label=text::CAPTION_SINGLE value=single />
        <Show when=several>
            <TextField id="caption-left-right" label=text::CAPTION_LEFT_RIGHT value=left_right />
            <TextField id="caption-top-bottom" label=text::CAPTION_TOP_BOTTOM value=top_bottom />
            <TextField id="caption-together" label=text::CAPTION_TOGETHER value=together />
        </Show>
        <TextField id="class-scenes" label=text::CLASS_SCENES value=fields.class_scenes />
        <p class="hint">{text::CAPTIONS_HINT}</p>
    }
}

#[component]
fn TextField(id: &'static str, label: &'static str, value: RwSignal<String>) -> impl IntoView {
    let booth = booth();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input type="text" id=id data-testid=id maxlength="500" autocomplete="off" bind:value=value disabled=move || booth.is_training() />
        </div>
    }
}

/// What is trained: a preset of the UNet's layers, and the text encoder.
#[component]
fn Layers() -> impl IntoView {
    let booth = booth();
    let fields = booth.train;
    let options = move || {
        let presets = booth.presets.get();
        let option = |preset: &Preset| {
            let name = preset.name.clone();
            let chosen = move || fields.layers.with(|layers| *layers == name);
            view! {
                <option value=preset.name.clone() selected=chosen>
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
                disabled=move || booth.is_training() || booth.presets.with(Vec::is_empty)
                on:change=move |event| fields.layers.set(event_target_value(&event))
            >
                {options}
            </select>
        </div>
        <ToggleField
            testid="text-encoder"
            label=Signal::derive(move || text::text_encoder(booth.text_encoder_shifts.get()))
            value=fields.text_encoder
            change=move |on| fields.text_encoder.set(on)
            disabled=Signal::derive(move || booth.is_training())
        />
    }
}
