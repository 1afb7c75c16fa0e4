//! What long pieces of work call after every step, and the progress bar of a loading model.

use std::cell::RefCell;
use std::ops::ControlFlow;

use crate::error::{Error, Result};
use crate::model::base_model::Progress;
use crate::worker::protocol::{DeviceKind, Event, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::device::{ChosenDevice, settle};

/// Reports progress, lets messages in, keeps a GPU's queue short, and stops cancelled work.
pub(crate) struct StepObserver<'a> {
    cx: &'a Context,
    gpu: Option<burn::tensor::Device>,
    task: Task,
    fault: RefCell<Option<Error>>,
}

impl<'a> StepObserver<'a> {
    /// For work on this device; progress is that of `task`.
    pub(crate) fn new(cx: &'a Context, device: Option<&ChosenDevice>, task: Task) -> Self {
        let gpu = device.filter(|chosen| chosen.kind == DeviceKind::Gpu);
        Self {
            cx,
            gpu: gpu.map(|chosen| chosen.device.clone()),
            task,
            fault: RefCell::new(None),
        }
    }

    /// `done` of `total` steps are made.
    pub(crate) async fn step(&self, done: usize, total: usize) -> ControlFlow<()> {
        let flow = self.step_unseen().await;
        self.cx.progress(self.task, done, total);
        flow
    }

    /// A step was made that no progress bar counts.
    pub(crate) async fn step_unseen(&self) -> ControlFlow<()> {
        let settled = match &self.gpu {
            Some(device) => settle(device).await,
            None => Ok(()),
        };
        let outcome = match settled {
            Ok(()) => self.cx.between().await,
            failed => failed,
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *self.fault.borrow_mut() = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// The outcome of the work: if it was stopped after a step, the reason for that.
    ///
    /// # Errors
    /// The work's, or the device's.
    pub(crate) fn outcome<T>(&self, outcome: Result<T>) -> Result<T> {
        match (outcome, self.fault.take()) {
            (Err(Error::Cancelled), Some(fault)) => Err(fault),
            (outcome, _) => outcome,
        }
    }
}

/// One progress bar for the weight files of a model: each has its share, in thousandths, and the
/// bar never goes back.
#[derive(Default)]
pub(crate) struct LoadProgress {
    shown: Option<u64>,
}

impl LoadProgress {
    /// Shows the newest progress.
    pub(crate) fn show(&mut self, cx: &Context, progress: Progress) {
        let (from, to) = match progress.component {
            "text_encoder" => (0, 250),
            "unet" => (250, 850),
            _ => (850, 1_000),
        };
        let part = progress.done as f64 / progress.total.max(1) as f64;
        let done = from + ((to - from) as f64 * part.min(1.0)) as u64;
        if self.shown.is_none_or(|shown| done > shown) {
            self.shown = Some(done);
            cx.post(Event::Progress {
                task: Task::Load,
                done,
                total: 1_000,
            });
        }
    }
}
