//! Buttons for the current run and for an unfinished one.

use leptos::prelude::*;

use super::state::Training;
use crate::ui::{
    engine::{
        activity::{Activity, TrainingPhase},
        connection::{Engine, EngineStatus},
    },
    text,
};

/// Pause, resume and stop.
#[component]
pub fn RunControls() -> impl IntoView {
    let training: Training = expect_context();
    let activity: Activity = expect_context();
    let paused = move || activity.training.get() == TrainingPhase::Paused;
    let stopping = move || activity.training.get() == TrainingPhase::Stopping;
    view! {
        <button
            type="button"
            class="button"
            id="pause"
            data-testid="pause"
            disabled=stopping
            on:click=move |_| training.pause(activity.training.get_untracked() != TrainingPhase::Paused)
        >
            {move || if paused() { text::RESUME } else { text::PAUSE }}
        </button>
        <button type="button" class="button" id="stop" data-testid="stop" disabled=stopping on:click=move |_| training.cancel()>
            {move || if stopping() { text::STOPPING } else { text::STOP }}
        </button>
    }
}

/// A run that ended with a reload of the page, to continue or discard.
#[component]
pub fn UnfinishedRun() -> impl IntoView {
    let engine: Engine = expect_context();
    let training: Training = expect_context();
    let activity: Activity = expect_context();
    let words = move || {
        training.unfinished.get().map(|run| {
            text::unfinished(
                &text::shorten(&text::names(&run.config.subjects), 160),
                run.step,
                run.config.max_train_steps,
            )
        })
    };
    view! {
        <Show when=move || training.unfinished.with(Option::is_some) && !activity.is_training()>
            <div class="notice" data-testid="unfinished-run">
                <p>{words}</p>
                <div class="row">
                    <button
                        type="button"
                        class="button primary"
                        id="continue-run"
                        data-testid="continue-run"
                        disabled=move || activity.is_generating() || engine.status.get() != EngineStatus::Ready
                        on:click=move |_| training.resume_unfinished()
                    >
                        {text::CONTINUE}
                    </button>
                    <button type="button" class="button" id="discard-run" data-testid="discard-run" on:click=move |_| training.discard_unfinished()>
                        {text::DISCARD}
                    </button>
                </div>
            </div>
        </Show>
    }
}
