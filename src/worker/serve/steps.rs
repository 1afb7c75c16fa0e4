//! What long pieces of work call after every step, and the bar of the base's files.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::model::base_model::Progress;
use crate::worker::protocol::{DeviceKind, Event, Task};
use crate::worker::serve::control::Control;
use crate::worker::serve::device::settle;
use crate::worker::serve::page::{self, post};
use crate::worker::serve::session::Session;

impl Session {
    /// What a long piece of work calls after every step.
    pub(crate) fn watch(&self, task: Task) -> Watch {
        let gpu = self
            .chosen
            .as_ref()
            .filter(|chosen| chosen.kind == DeviceKind::Gpu);
        Watch {
            control: self.control.clone(),
            device: gpu.map(|chosen| chosen.device.clone()),
            task,
            fault: RefCell::new(None),
        }
    }
}

/// Shows progress, lets messages in, keeps a GPU's queue short, and notices when to stop.
pub(crate) struct Watch {
    control: Rc<Control>,
    device: Option<burn::tensor::Device>,
    task: Task,
    fault: RefCell<Option<Error>>,
}

impl Watch {
    /// `done` of `total` steps are made.
    pub(crate) async fn step(&self, done: usize, total: usize) -> ControlFlow<()> {
        let flow = self.step_unseen().await;
        page::progress(self.task, done, total);
        flow
    }

    /// A step was made that no progress bar counts.
    pub(crate) async fn step_unseen(&self) -> ControlFlow<()> {
        let outcome = match &self.device {
            Some(device) => settle(device).await,
            None => Ok(()),
        };
        let outcome = match outcome {
            Ok(()) => self.control.between().await,
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

    /// The outcome of the work, with the true reason if it was this that stopped it.
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

/// One bar for three files of unknown size: each has its share, in thousandths, and the bar never
/// goes back.
#[derive(Default)]
pub(crate) struct Gauge {
    shown: Option<u64>,
}

impl Gauge {
    /// Takes the newest word in.
    pub(crate) fn show(&mut self, progress: Progress) {
        let (from, to) = match progress.component {
            "text_encoder" => (0, 250),
            "unet" => (250, 850),
            _ => (850, 1_000),
        };
        let part = progress.done as f64 / progress.total.max(1) as f64;
        let done = from + ((to - from) as f64 * part.min(1.0)) as u64;
        if self.shown.is_none_or(|shown| done > shown) {
            self.shown = Some(done);
            post(&Event::Progress {
                task: Task::Load,
                done,
                total: 1_000,
            });
        }
    }
}
