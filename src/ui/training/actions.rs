//! Starting, continuing, pausing and stopping a run.

use leptos::prelude::*;

use super::estimate::forward_seconds;
use super::state::Training;
use crate::ui::engine::activity::TrainingPhase;
use crate::ui::settings::generate::GenerateSettings;
use crate::worker::protocol::{DeviceKind, Request};

impl Training {
    /// Trains on the subjects' pictures.
    pub fn start(self) {
        self.begin();
        let run = untrack(|| self.collages.run());
        self.engine.send(Request::Train(run));
    }

    /// 'Try it': trains, then shows the subject in a few scenes with the default prompts.
    pub fn start_trial(self, generate: GenerateSettings) {
        self.trial.set(true);
        generate.prompt.set(None);
        self.start();
    }

    /// Continues the unfinished run.
    pub fn resume_unfinished(self) {
        let Some(run) = self.unfinished.get_untracked() else {
            return;
        };
        self.subjects.show_words(&run.config.subjects);
        self.settings.set(run.config);
        self.begin();
        self.engine.send(Request::ResumeRun);
    }

    /// Deletes the unfinished run.
    pub fn discard_unfinished(self) {
        self.unfinished.set(None);
        self.engine.send(Request::DiscardRun);
    }

    fn begin(self) {
        self.messages.clear();
        self.run.reset();
        self.unfinished.set(None);
        self.activity
            .stages
            .update(|stages| (stages.decompose, stages.prior, stages.train) = (None, None, None));
        self.activity.training.set(TrainingPhase::Running);
    }

    /// Pauses the run, or resumes it; the engine confirms with `Paused`.
    pub fn pause(self, paused: bool) {
        self.engine.pause(paused);
    }

    /// Stops the run, which keeps what it has learned, or stops making pictures.
    pub fn cancel(self) {
        if self.activity.training.get_untracked() != TrainingPhase::Idle {
            self.activity.training.set(TrainingPhase::Stopping);
            self.trial.set(false);
        }
        self.engine.cancel();
    }

    /// Opens the delta as it was at a preview.
    pub fn keep_preview(self, step: usize) {
        self.messages.clear();
        self.engine.send(Request::KeepPreview { step });
    }

    /// The run ended with a delta.
    pub fn on_trained(self) {
        self.show_losses();
        self.remember_speed();
        self.notify_trained();
        self.activity.training.set(TrainingPhase::Idle);
        self.unfinished.set(None);
    }

    /// Remembers the speed of a GPU for estimates.
    fn remember_speed(self) {
        if let Some(throughput) = self.run.throughput.get_untracked()
            && self.device.kind() == Some(DeviceKind::Gpu)
        {
            let samples = self.settings.get_untracked().samples_per_step() as f32;
            let seconds = forward_seconds(throughput.steps_per_second, samples);
            self.device.remember_speed(seconds);
        }
    }
}
