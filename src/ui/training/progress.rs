//! Progress of a run: its stages, its speed, its latest checkpoint.

use leptos::prelude::*;

use super::state::Training;
use crate::ui::{engine::activity::Activity, text};

/// Shown once training has started.
#[component]
pub fn TrainProgress() -> impl IntoView {
    let activity: Activity = expect_context();
    let began = Memo::new(move |_| {
        let stages = activity.stages.get();
        activity.is_training()
            || stages.decompose.is_some()
            || stages.prior.is_some()
            || stages.train.is_some()
    });
    let decompose = Signal::derive(move || {
        let stages = activity.stages.get();
        complete_once(
            stages.decompose,
            stages.prior.is_some() || stages.train.is_some(),
        )
    });
    let prior = Signal::derive(move || {
        let stages = activity.stages.get();
        complete_once(stages.prior, stages.train.is_some())
    });
    let train = Signal::derive(move || activity.stages.get().train.unwrap_or((0, 1)));
    // Announced once per quarter: more would drown out everything else.
    let quarters = Memo::new(move |_| {
        let (done, total) = train.get();
        done.min(total) * 4 / total.max(1)
    });
    let spoken = move || match quarters.get() {
        0 => String::new(),
        quarters => text::spoken_progress(25 * quarters),
    };
    view! {
        <Show when=move || began.get()>
            <ol class="stages" aria-label=text::STAGES_LABEL>
                <Stage id="decompose-progress" label=text::STAGE_DECOMPOSE progress=decompose />
                <Stage id="prior-progress" label=text::STAGE_PRIOR progress=prior />
                <Stage id="train-progress" label=text::STAGE_TRAIN progress=train />
            </ol>
            <p class="visually-hidden" role="status" data-testid="spoken-progress">{spoken}</p>
            <Speed />
        </Show>
    }
}

/// A stage is complete when a later one has begun.
fn complete_once(progress: Option<(u64, u64)>, later_began: bool) -> (u64, u64) {
    if later_began {
        (1, 1)
    } else {
        progress.unwrap_or((0, 1))
    }
}

fn is_complete((done, total): (u64, u64)) -> bool {
    done >= total
}

#[component]
fn Stage(
    id: &'static str,
    label: &'static str,
    #[prop(into)] progress: Signal<(u64, u64)>,
) -> impl IntoView {
    view! {
        <li class:done=move || is_complete(progress.get())>
            <label for=id>{label}</label>
            <progress
                id=id
                data-testid=id
                max=move || progress.get().1.max(1).to_string()
                value=move || progress.get().0.min(progress.get().1).to_string()
            ></progress>
        </li>
    }
}

/// Step, speed, time left.
#[component]
fn Speed() -> impl IntoView {
    let run = expect_context::<Training>().run;
    let step = move || {
        run.throughput.get().map_or("–".to_owned(), |latest| {
            format!("{} / {}", latest.step, latest.total)
        })
    };
    let speed = move || {
        run.throughput.get().map_or("–".to_owned(), |latest| {
            format!("{:.1}", latest.steps_per_second)
        })
    };
    let left = move || {
        run.throughput.get().map_or("–".to_owned(), |latest| {
            text::duration(latest.seconds_left)
        })
    };
    view! {
        <dl class="pace">
            <div>
                <dt>{text::STEP}</dt>
                <dd data-testid="step-count" id="step-count">{step}</dd>
            </div>
            <div>
                <dt>{text::SPEED}</dt>
                <dd data-testid="steps-per-second" id="steps-per-second">{speed}</dd>
            </div>
            <div>
                <dt>{text::TIME_LEFT}</dt>
                <dd data-testid="time-left" id="time-left">{left}</dd>
            </div>
        </dl>
        <p class="hint" data-testid="checkpoint">{move || run.saved_at.get().map(text::saved_at)}</p>
    }
}
