//! The training loop.

use std::future::Future;

use crate::error::Result;
use crate::train::trainer::{StepReport, Trainer};

/// What a caller does between the steps of [`Trainer::run`]. Every method may do nothing; an error
/// ends the run after the step that was made, and the trainer keeps what was learned.
pub trait TrainHooks {
    /// Before each step. Waits while the run is paused.
    ///
    /// # Errors
    /// `Cancelled` ends the run.
    fn before_step(&mut self) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }

    /// After each step.
    ///
    /// # Errors
    /// Any error ends the run.
    fn on_step(
        &mut self,
        _trainer: &Trainer,
        _report: &StepReport,
    ) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }

    /// Every `checkpointing_steps` steps, except after the last one. Saves
    /// [`Trainer::checkpoint`].
    ///
    /// # Errors
    /// Any error ends the run.
    fn on_checkpoint(&mut self, _trainer: &mut Trainer) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }

    /// Every `validation_steps` steps. Makes a preview.
    ///
    /// # Errors
    /// `Cancelled`, or any other error, ends the run.
    fn on_validation(&mut self, _trainer: &Trainer) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
}

impl Trainer {
    /// Makes all steps that are left.
    ///
    /// # Errors
    /// Those of [`Trainer::step`] and of the hooks.
    pub async fn run(&mut self, hooks: &mut impl TrainHooks) -> Result<()> {
        let checkpointing_steps = self.config().checkpointing_steps;
        let validation_steps = self.config().validation_steps;
        while !self.is_done() {
            hooks.before_step().await?;
            let report = self.step().await?;
            hooks.on_step(self, &report).await?;
            let due = |every: usize| every > 0 && report.step.is_multiple_of(every);
            // The checkpoint comes first, because the preview may run out of memory.
            if due(checkpointing_steps) && !self.is_done() {
                hooks.on_checkpoint(self).await?;
            }
            if due(validation_steps) {
                hooks.on_validation(self).await?;
            }
        }
        Ok(())
    }
}
