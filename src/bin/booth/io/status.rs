//! Progress on the terminal.

use std::io::IsTerminal;

use deltabooth::Result;
use deltabooth::train::{StepReport, TrainHooks, Trainer};

/// One line on the terminal that shows progress; nothing if stderr is not a terminal.
pub(crate) struct Status {
    what: &'static str,
    shown: bool,
}

impl Status {
    pub(crate) fn new(what: &'static str) -> Self {
        let mut status = Self { what, shown: false };
        status.tick();
        status
    }

    /// Shows the line, once.
    pub(crate) fn tick(&mut self) {
        if !self.shown {
            self.show("");
        }
    }

    /// Shows the progress.
    pub(crate) fn progress(&mut self, done: usize, total: usize) {
        self.show(&format!(" {done}/{total}"));
    }

    fn show(&mut self, rest: &str) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[2K{}{rest} …", self.what);
            self.shown = true;
        }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[2K");
        }
    }
}

impl TrainHooks for Status {
    async fn on_step(&mut self, _: &Trainer, report: &StepReport) -> Result<()> {
        self.progress(report.step, report.total);
        Ok(())
    }
}
