//! Advanced settings of training.

use leptos::prelude::*;

use super::{captions::Captions, layers::Layers};
use crate::config::{LrScheduler, TimestepSampling, TrainConfigStoreFields};
use crate::ui::{
    engine::activity::Activity,
    settings::TrainSettings,
    subjects::state::Subjects,
    text,
    widgets::field::{ChoiceField, LARGEST_SEED, NumberField, ToggleField},
};

/// Collapsed by default.
#[component]
pub fn AdvancedSettings() -> impl IntoView {
    let settings: TrainSettings = expect_context();
    let activity: Activity = expect_context();
    let locked = Signal::derive(move || activity.is_training());
    view! {
        <details class="advanced" id="advanced" data-testid="advanced">
            <summary>{text::ADVANCED}</summary>
            <Layers />
            <ToggleField testid="flip" label=text::FLIP.to_owned() value=settings.random_flip() change=move |on| settings.random_flip().set(on) disabled=locked />
            <Numbers locked=locked />
            <Captions />
        </details>
    }
}

/// Learning rates, batches, losses, intervals, seed.
#[component]
fn Numbers(locked: Signal<bool>) -> impl IntoView {
    let settings: TrainSettings = expect_context();
    let subjects: Subjects = expect_context();
    // These settings are for collages, which need two subjects.
    let alone = Signal::derive(move || locked.get() || subjects.count() < 2);
    view! {
        <div class="fields two hinted">
            <ChoiceField id="schedule" label=text::SCHEDULE hint=text::SCHEDULE_HINT value=settings.lr_scheduler() choices=&LrScheduler::ALL name=text::schedule disabled=locked />
            <ChoiceField id="timesteps" label=text::TIMESTEPS hint=text::TIMESTEPS_HINT value=settings.timestep_sampling() choices=&TimestepSampling::ALL name=text::timesteps disabled=locked />
            <NumberField id="batch" label=text::BATCH hint=text::BATCH_HINT value=settings.train_batch_size() min=1.0 max=16.0 whole=true disabled=locked />
            <NumberField id="prior-batch" label=text::PRIOR_BATCH hint=text::PRIOR_BATCH_HINT value=settings.prior_batch_size() min=1.0 max=16.0 whole=true disabled=locked />
            <NumberField id="min-snr" label=text::MIN_SNR hint=text::MIN_SNR_HINT value=settings.snr_gamma() min=0.0 max=1000.0 disabled=locked />
            <NumberField id="ema" label=text::EMA hint=text::EMA_HINT value=settings.ema_decay() min=0.0 max=0.9999 disabled=locked />
            <NumberField id="learning-rate" label=text::LEARNING_RATE hint=text::LEARNING_RATE_HINT value=settings.learning_rate() min=0.0 max=1.0 disabled=locked />
            <NumberField id="learning-rate-1d" label=text::LEARNING_RATE_1D hint=text::LEARNING_RATE_1D_HINT value=settings.learning_rate_1d() min=0.0 max=1.0 disabled=locked />
            <NumberField id="prior-weight" label=text::PRIOR_WEIGHT hint=text::PRIOR_WEIGHT_HINT value=settings.prior_loss_weight() min=0.0 max=10.0 disabled=locked />
            <NumberField id="prior-images" label=text::PRIOR_IMAGES hint=text::PRIOR_IMAGES_HINT value=settings.num_class_images() min=0.0 max=200.0 whole=true disabled=locked />
            <NumberField id="mix-probability" label=text::MIX_PROBABILITY hint=text::MIX_PROBABILITY_HINT value=settings.mix_probability() min=0.0 max=1.0 disabled=alone />
            <NumberField id="unmix-weight" label=text::UNMIX_WEIGHT hint=text::UNMIX_WEIGHT_HINT value=settings.unmix_loss_weight() min=0.0 max=1000.0 disabled=alone />
            <NumberField id="preview-every" label=text::PREVIEW_EVERY hint=text::PREVIEW_EVERY_HINT value=settings.validation_steps() min=0.0 max=10000.0 whole=true disabled=locked />
            <NumberField id="checkpoint-every" label=text::CHECKPOINT_EVERY hint=text::CHECKPOINT_EVERY_HINT value=settings.checkpointing_steps() min=1.0 max=10000.0 whole=true disabled=locked />
            <NumberField id="train-seed" label=text::SEED hint=text::TRAIN_SEED_HINT value=settings.seed() min=0.0 max=LARGEST_SEED whole=true disabled=locked />
        </div>
    }
}
