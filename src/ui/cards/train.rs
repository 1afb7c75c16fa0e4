//! Card 2: training.

use leptos::prelude::*;

use crate::config::TrainConfigStoreFields;
use crate::ui::{
    collages::strip::CollageStrip,
    deltas::state::Deltas,
    engine::activity::Activity,
    models::memory_panel::{SizeField, TrainMemory},
    subjects::state::Subjects,
    text,
    training::{
        advanced::AdvancedSettings,
        controls::{RunControls, UnfinishedRun},
        loss_chart::LossChart,
        previews::Previews,
        progress::TrainProgress,
        state::Training,
    },
    widgets::field::{NumberField, ToggleField},
};

/// Card 2.
#[component]
pub fn TrainCard() -> impl IntoView {
    let training: Training = expect_context();
    let activity: Activity = expect_context();
    view! {
        <section class="card" aria-labelledby="train-title">
            <h2 id="train-title">
                <span class="number" aria-hidden="true">"2"</span>
                {text::TRAIN_TITLE}
            </h2>
            <UnfinishedRun />
            <CollageStrip />
            <SizeField />
            <div class="row">
                <NumberField
                    id="steps"
                    label=text::STEPS
                    value=training.settings.max_train_steps()
                    min=1.0
                    max=100000.0
                    whole=true
                    disabled=Signal::derive(move || activity.is_training())
                />
                <Show when=move || activity.is_training() fallback=|| view! { <TrainButton /> }>
                    <RunControls />
                </Show>
            </div>
            <p class="hint" id="train-plan" data-testid="train-plan">{move || training.plan().unwrap_or_else(|why| why)}</p>
            <TrainMemory />
            <ToggleField testid="notify" label=text::NOTIFY.to_owned() value=training.notify change=move |on| training.set_notify(on) />
            <AdvancedSettings />
            <TrainProgress />
            <LossChart />
            <Previews />
        </section>
    }
}

#[component]
fn TrainButton() -> impl IntoView {
    let training: Training = expect_context();
    let activity: Activity = expect_context();
    let subjects: Subjects = expect_context();
    let deltas: Deltas = expect_context();
    let locked = move || {
        activity.is_generating()
            || subjects.fetching.get()
            || deltas.opening.with(|opening| !opening.is_empty())
    };
    view! {
        <button
            type="button"
            class="button primary"
            id="train"
            data-testid="train"
            aria-describedby="train-plan"
            disabled=move || training.plan().is_err() || locked()
            on:click=move |_| training.start()
        >
            {text::TRAIN}
        </button>
    }
}
