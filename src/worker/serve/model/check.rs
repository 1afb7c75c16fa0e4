//! Compares the device with the reference tensors that the base model brings.

use crate::check::{TOLERANCE, compare, reference};
use crate::error::Result;
use crate::worker::protocol::{Difference, Event, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::model::store::ModelStore;

/// Compares every part of the model.
///
/// # Errors
/// `Settings` if the model brings no reference; `Weights`, `Io`, `Device`, `Cancelled`.
pub(crate) async fn check_device(cx: &Context, model: &ModelStore) -> Result<()> {
    let loaded = model.loaded()?;
    let reference = reference(loaded.opened.files(), &loaded.base).await?;
    let observer = model.observer(cx, Task::Check);
    let mut on_step = async |done: usize, total: usize| observer.step(done, total).await;
    let found = compare(&loaded.base, reference, &mut on_step).await;
    let differences = observer.outcome(found)?;
    cx.post(Event::Checked {
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
