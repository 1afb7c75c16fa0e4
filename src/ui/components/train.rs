//! Card 2: training, from the button to the filmstrip.

use leptos::prelude::*;

use super::{
    advanced::AdvancedSettings, field::NumberField, loss_chart::LossChart, previews::Previews,
    progress::TrainProgress,
};
use crate::ui::{
    state::{Engine, PictureView, Training, booth},
    text,
};

/// Train.
#[component]
pub fn TrainCard() -> impl IntoView {
    let booth = booth();
    let usable = Memo::new(move |_| {
        booth.pictures.with(|pictures| {
            pictures
                .iter()
                .filter(|picture| {
                    picture
                        .view
                        .with(|view| !matches!(view, PictureView::Refused(_)))
                })
                .count()
        })
    });
    let words_missing = move || {
        booth.train.token.with(|w| w.trim().is_empty())
            || booth.train.class_word.with(|w| w.trim().is_empty())
    };
    // What stands in the way, or what the button will do.
    let plan = move || {
        if booth.engine.get() == Engine::Down {
            Err(text::TRAIN_NEEDS_ENGINE)
        } else if usable.get() == 0 {
            Err(text::TRAIN_NEEDS_PICTURES)
        } else if words_missing() {
            Err(text::TRAIN_NEEDS_WORDS)
        } else {
            Ok(text::train_plan(
                booth.train.steps.get() as usize,
                usable.get(),
                booth.train.token.get().trim(),
                booth.train.class_word.get().trim(),
                booth.train.prior_images.get() as usize,
            ))
        }
    };
    let locked = move || {
        booth.is_generating() || booth.fetching.get() || booth.opening.with(Option::is_some)
    };
    view! {
        <section class="card" aria-labelledby="train-title">
            <h2 id="train-title">
                <span class="number" aria-hidden="true">"2"</span>
                {text::TRAIN_TITLE}
            </h2>
            <UnfinishedRun />
            <div class="row">
                <NumberField
                    id="steps"
                    label=text::STEPS
                    value=booth.train.steps
                    min=1.0
                    max=100000.0
                    whole=true
                    disabled=Signal::derive(move || booth.is_training())
                />
                <Show
                    when=move || booth.is_training()
                    fallback=move || {
                        view! {
                            <button
                                type="button"
                                class="button primary"
                                id="train"
                                data-testid="train"
                                aria-describedby="train-plan"
                                disabled=move || plan().is_err() || locked()
                                on:click=move |_| booth.start_training()
                            >
                                {text::TRAIN}
                            </button>
                        }
                    }
                >
                    <RunControls />
                </Show>
            </div>
            <p class="hint" id="train-plan">{move || plan().unwrap_or_else(str::to_owned)}</p>
            <AdvancedSettings />
            <TrainProgress />
            <LossChart />
            <Previews />
        </section>
    }
}

/// Pause, resume, stop.
#[component]
fn RunControls() -> impl IntoView {
    let booth = booth();
    let paused = move || booth.training.get() == Training::Paused;
    let stopping = move || booth.training.get() == Training::Stopping;
    view! {
        <button
            type="button"
            class="button"
            id="pause"
            data-testid="pause"
            disabled=stopping
            on:click=move |_| booth.hold(booth.training.get_untracked() != Training::Paused)
        >
            {move || if paused() { text::RESUME } else { text::PAUSE }}
        </button>
        <button type="button" class="button" id="stop" data-testid="stop" disabled=stopping on:click=move |_| booth.cancel()>
            {move || if stopping() { text::STOPPING } else { text::STOP }}
        </button>
    }
}

/// A run that a reload left behind.
#[component]
fn UnfinishedRun() -> impl IntoView {
    let booth = booth();
    let words = move || {
        booth.unfinished.get().map(|run| {
            text::unfinished(
                &text::shorten(&run.request.token, 40),
                &text::shorten(&run.request.class_word, 40),
                run.step,
                run.request.steps,
            )
        })
    };
    view! {
        <Show when=move || booth.unfinished.with(Option::is_some) && !booth.is_training()>
            <div class="notice" data-testid="unfinished-run">
                <p>{words}</p>
                <div class="row">
                    <button
                        type="button"
                        class="button primary"
                        id="continue-run"
                        data-testid="continue-run"
                        disabled=move || booth.is_generating() || booth.engine.get() != Engine::Ready
                        on:click=move |_| booth.continue_run()
                    >
                        {text::CONTINUE}
                    </button>
                    <button type="button" class="button" id="discard-run" data-testid="discard-run" on:click=move |_| booth.discard_run()>
                        {text::DISCARD}
                    </button>
                </div>
            </div>
        </Show>
    }
}
