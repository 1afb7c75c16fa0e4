//! The training feature: its run, and what the engine reports of it.

use leptos::prelude::*;

use super::chart::Point;
use crate::ui::{
    browser::api,
    collages::state::Collages,
    engine::{
        activity::{Activity, TrainingPhase},
        connection::Engine,
        device::Device,
    },
    messages::state::Messages,
    settings::TrainSettings,
    subjects::state::Subjects,
};
use crate::worker::protocol::{Pixels, Preset, Task, UnfinishedRun};

/// Previews shown at most; the oldest are removed first.
const MAX_PREVIEWS: usize = 60;

/// The latest report of the speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throughput {
    /// Steps done.
    pub step: usize,
    /// Steps of the run.
    pub total: usize,
    /// Steps per second.
    pub steps_per_second: f32,
    /// Seconds left.
    pub seconds_left: f32,
}

/// A preview picture of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The step at which it was made.
    pub step: usize,
    /// The picture.
    pub picture: Pixels,
}

/// The current run, or the last one.
#[derive(Clone, Copy)]
pub struct Run {
    /// Losses so far.
    pub losses: RwSignal<Vec<Point>>,
    /// Losses since the last animation frame.
    new_losses: StoredValue<Vec<(Point, Throughput)>>,
    /// The latest speed.
    pub throughput: RwSignal<Option<Throughput>>,
    /// Step of the latest checkpoint.
    pub saved_at: RwSignal<Option<usize>>,
    /// Previews, oldest first.
    pub previews: RwSignal<Vec<Preview>>,
}

impl Run {
    fn new() -> Self {
        Self {
            losses: RwSignal::new(Vec::new()),
            new_losses: StoredValue::new(Vec::new()),
            throughput: RwSignal::new(None),
            saved_at: RwSignal::new(None),
            previews: RwSignal::new(Vec::new()),
        }
    }

    /// Clears what the last run left.
    pub(super) fn reset(self) {
        self.new_losses.set_value(Vec::new());
        self.losses.set(Vec::new());
        self.previews.set(Vec::new());
        self.throughput.set(None);
        self.saved_at.set(None);
    }

    /// A preview was made.
    pub fn on_preview(self, preview: Preview) {
        self.previews.update(|previews| {
            previews.push(preview);
            let surplus = previews.len().saturating_sub(MAX_PREVIEWS);
            previews.drain(..surplus);
        });
    }

    /// The latest preview at or before a step.
    pub fn preview_at(self, step: usize) -> Option<Pixels> {
        self.previews.with_untracked(|previews| {
            let newest = previews.iter().rfind(|preview| preview.step <= step);
            newest.map(|preview| preview.picture.clone())
        })
    }
}

/// The training feature.
#[derive(Clone, Copy)]
pub struct Training {
    /// The settings.
    pub settings: TrainSettings,
    /// The current run, or the last one.
    pub run: Run,
    /// A run that can be continued.
    pub unfinished: RwSignal<Option<UnfinishedRun>>,
    /// Presets of layers to train.
    pub presets: RwSignal<Vec<Preset>>,
    /// The number of the text encoder's shifts.
    pub text_encoder_shifts: RwSignal<usize>,
    /// 'Try it' is in progress: after training, the subject is shown in a few scenes.
    pub trial: RwSignal<bool>,
    /// Notify the user at the end of training.
    pub notify: RwSignal<bool>,
    pub(super) engine: Engine,
    pub(super) activity: Activity,
    pub(super) device: Device,
    pub(super) messages: Messages,
    pub(super) subjects: Subjects,
    pub(super) collages: Collages,
}

impl Training {
    /// No run. `collages` and the recommended effort share the `settings`.
    pub fn new(
        settings: TrainSettings,
        engine: Engine,
        device: Device,
        activity: Activity,
        messages: Messages,
        subjects: Subjects,
        collages: Collages,
    ) -> Self {
        Self {
            settings,
            run: Run::new(),
            unfinished: RwSignal::new(None),
            presets: RwSignal::new(Vec::new()),
            text_encoder_shifts: RwSignal::new(0),
            trial: RwSignal::new(false),
            notify: RwSignal::new(api::remembered("notify").as_deref() == Some("yes")),
            engine,
            activity,
            device,
            messages,
            subjects,
            collages,
        }
    }

    /// A step was made. Losses come faster than the screen updates: they are collected and shown
    /// once per animation frame.
    pub fn on_step(self, point: Point, throughput: Throughput) {
        let first = self.run.new_losses.with_value(Vec::is_empty);
        self.run
            .new_losses
            .update_value(|losses| losses.push((point, throughput)));
        if first {
            request_animation_frame(move || self.show_losses());
        }
    }

    /// Shows the losses that were collected.
    pub(super) fn show_losses(self) {
        let collected = self
            .run
            .new_losses
            .try_update_value(core::mem::take)
            .unwrap_or_default();
        let Some((_, latest)) = collected.last().copied() else {
            return;
        };
        self.run.throughput.set(Some(latest));
        self.activity
            .on_progress(Task::Train, latest.step as u64, latest.total as u64);
        self.run
            .losses
            .update(|losses| losses.extend(collected.into_iter().map(|(point, _)| point)));
    }

    /// The run was paused or resumed.
    pub fn on_paused(self, paused: bool) {
        let phase = self.activity.training;
        if phase.get_untracked() != TrainingPhase::Idle {
            phase.set(if paused {
                TrainingPhase::Paused
            } else {
                TrainingPhase::Running
            });
        }
    }

    /// The run ended without a delta.
    pub fn on_end(self) {
        self.activity.training.set(TrainingPhase::Idle);
        self.trial.set(false);
    }
}
