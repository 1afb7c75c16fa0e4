//! What the engine is doing, and how far it is.

use leptos::prelude::*;

use crate::worker::protocol::Task;

/// The phase of a training run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingPhase {
    /// No run.
    Idle,
    /// Running.
    Running,
    /// Paused.
    Paused,
    /// Asked to stop, not confirmed yet.
    Stopping,
}

/// Progress of each stage, as (done, total).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Loading the base model.
    pub load: Option<(u64, u64)>,
    /// Decomposing its weights.
    pub decompose: Option<(u64, u64)>,
    /// Class pictures.
    pub prior: Option<(u64, u64)>,
    /// Training steps.
    pub train: Option<(u64, u64)>,
    /// Sampling.
    pub generate: Option<(u64, u64)>,
    /// Checking the device.
    pub check: Option<(u64, u64)>,
}

impl Stages {
    /// The stage of a task, if it has one.
    fn of(&mut self, task: Task) -> Option<&mut Option<(u64, u64)>> {
        match task {
            Task::Load => Some(&mut self.load),
            Task::Decompose => Some(&mut self.decompose),
            Task::Prior => Some(&mut self.prior),
            Task::Train => Some(&mut self.train),
            Task::Generate => Some(&mut self.generate),
            Task::Check => Some(&mut self.check),
            Task::Plan
            | Task::Catalogue
            | Task::Storage
            | Task::OpenDelta
            | Task::Link
            | Task::Picture
            | Task::Combine
            | Task::Export => None,
        }
    }
}

/// What the engine is doing.
#[derive(Clone, Copy)]
pub struct Activity {
    /// Progress bars.
    pub stages: RwSignal<Stages>,
    /// The phase of the training run.
    pub training: RwSignal<TrainingPhase>,
    generating: Signal<bool>,
}

impl Activity {
    /// `generating` is true while a result is outstanding.
    pub fn new(generating: Signal<bool>) -> Self {
        Self {
            stages: RwSignal::new(Stages::default()),
            training: RwSignal::new(TrainingPhase::Idle),
            generating,
        }
    }

    /// True while a training run holds the engine; tracked.
    pub fn is_training(self) -> bool {
        self.training.get() != TrainingPhase::Idle
    }

    /// True while pictures are being made; tracked.
    pub fn is_generating(self) -> bool {
        self.generating.get()
    }

    /// True while training or making pictures; tracked.
    pub fn is_busy(self) -> bool {
        self.is_training() || self.is_generating()
    }

    /// Progress of a task.
    pub fn on_progress(self, task: Task, done: u64, total: u64) {
        self.set_stage(task, Some((done, total)));
    }

    /// A task ended.
    pub fn on_end(self, task: Task) {
        self.set_stage(task, None);
    }

    fn set_stage(self, task: Task, progress: Option<(u64, u64)>) {
        self.stages.update(|stages| {
            if let Some(stage) = stages.of(task) {
                *stage = progress;
            }
        });
    }

    /// Clears all progress, when another model is loaded or the engine restarts.
    pub fn reset(self) {
        self.stages.set(Stages::default());
    }
}
