//! Card 2: training, from the button to the filmstrip.

use leptos::prelude::*;

use crate::ui::collages::strip::CollageStrip;
use crate::ui::models::memory_panel::{SizeField, TrainMemory};
use crate::ui::state::{Booth, Engine, Training, booth};
use crate::ui::text;
use crate::ui::training::advanced::AdvancedSettings;
use crate::ui::training::estimate::{Effort, seconds};
use crate::ui::training::loss_chart::LossChart;
use crate::ui::training::previews::Previews;
use crate::ui::training::progress::TrainProgress;
use crate::ui::widgets::field::{NumberField, ToggleField};
use crate::worker::protocol::SubjectWords;

/// Train.
#[component]
pub fn TrainCard() -> impl IntoView {
    let booth = booth();
    let locked = move || {
        booth.is_generating()
            || booth.fetching.get()
            || booth.opening.with(|opening| !opening.is_empty())
    };
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
                                disabled=move || plan(booth).is_err() || locked()
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
            <p class="hint" id="train-plan" data-testid="train-plan">{move || plan(booth).unwrap_or_else(|why| why)}</p>
            <TrainMemory />
            <ToggleField testid="notify" label=text::NOTIFY.to_owned() value=booth.notify change=move |on| booth.set_notify(on) />
            <AdvancedSettings />
            <TrainProgress />
            <LossChart />
            <Previews />
        </section>
    }
}

/// What the button will do, or what stands in its way.
pub(super) fn plan(booth: Booth) -> Result<String, String> {
    if booth.engine.get() == Engine::Down {
        return Err(text::TRAIN_NEEDS_ENGINE.to_owned());
    }
    let mut subjects: Vec<(SubjectWords, usize)> = Vec::new();
    let all = booth.subjects.get();
    for (place, subject) in all.iter().enumerate() {
        let (words, usable) = (subject.words(), subject.usable());
        if usable == 0 {
            return Err(match all.len() {
                1 => text::TRAIN_NEEDS_PICTURES.to_owned(),
                _ => text::subject_needs_pictures(place + 1),
            });
        }
        if words.token.is_empty() || words.class_word.is_empty() {
            return Err(match all.len() {
                1 => text::TRAIN_NEEDS_WORDS.to_owned(),
                _ => text::subject_needs_words(place + 1),
            });
        }
        let same = |(of, _): &(SubjectWords, usize)| of.token.eq_ignore_ascii_case(&words.token);
        if subjects.iter().any(same) {
            return Err(text::same_identifier(&words.token));
        }
        subjects.push((words, usable));
    }
    let plan = text::train_plan(
        booth.train.steps.get() as usize,
        &subjects,
        booth.train.prior_images.get() as usize,
        booth.mixes(),
    );
    let subjects = all.len() as f32;
    let effort = Effort {
        steps: booth.train.steps.get() as f32,
        samples: booth.train.samples(),
        prior_images: booth.train.prior_images.get() as f32 * subjects,
        preview_every: booth.train.preview_every.get() as f32,
    };
    let time = seconds(effort, booth.forward_seconds.get());
    Ok(format!("{plan} {}", text::estimate(time)))
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
                &text::shorten(&text::names(&run.request.subjects), 160),
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
