//! The device against the reference that the base brings.

use crate::check::{TOLERANCE, compare, reference};
use crate::error::Result;
use crate::worker::protocol::{Difference, Event, Task};
use crate::worker::serve::page::post;
use crate::worker::serve::session::Session;

impl Session {
    /// Holds every part of the model against the reference tensors.
    ///
    /// # Errors
    /// `Settings` if the base brings none; `Weights`, `Io`, `Device`, `Cancelled`.
    pub(crate) async fn check_device(&mut self) -> Result<()> {
        let loaded = self.loaded()?;
        let reference = reference(loaded.opened.files(), &loaded.base).await?;
        let watch = self.watch(Task::Check);
        let mut on_step = async |done: usize, total: usize| watch.step(done, total).await;
        let found = compare(&loaded.base, reference, &mut on_step).await;
        let differences = watch.outcome(found)?;
        post(&Event::Checked {
            differences: differences
                .into_iter()
                .map(|difference| Difference {
                    part: difference.part.into(),
                    relative_l2: difference.relative_l2,
                })
                .collect(),
            tolerance: TOLERANCE,
        });
        Ok(())
    }
}
