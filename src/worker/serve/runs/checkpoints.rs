//! The store of the run's checkpoint.

use std::rc::Rc;

use crate::error::Result;
use crate::storage::{FileWriter, Storage};
use crate::train::checkpoint::CheckpointSlots;
use crate::train::{Checkpoint, Trainer};
use crate::worker::protocol::Event;
use crate::worker::serve::context::Context;
#[cfg(feature = "engine")]
use crate::worker::serve::runs::store::open;

/// Where the checkpoint is saved; opened when it is first needed.
#[derive(Default)]
pub struct RunStore {
    slots: Option<Rc<CheckpointSlots>>,
    /// Keeps other tabs out.
    lock: Option<Box<dyn FileWriter>>,
}

impl RunStore {
    /// Checkpoints in this storage.
    pub fn with_storage(storage: Rc<dyn Storage>) -> Self {
        Self {
            slots: Some(Rc::new(CheckpointSlots::new(storage))),
            lock: None,
        }
    }

    /// The files of the checkpoint. A warning says if they do not outlive the tab.
    pub(crate) async fn slots(&mut self, cx: &Context) -> Rc<CheckpointSlots> {
        if let Some(slots) = &self.slots {
            return slots.clone();
        }
        let (storage, lock) = open(cx).await;
        self.lock = lock;
        let slots = Rc::new(CheckpointSlots::new(storage));
        self.slots.insert(slots).clone()
    }

    /// The checkpoint's bytes, if there is one.
    ///
    /// # Errors
    /// `Io`, `Checkpoint`.
    pub(crate) async fn load(&mut self, cx: &Context) -> Result<Option<Vec<u8>>> {
        self.slots(cx).await.load().await
    }

    /// Deletes the checkpoint; a failure is a warning.
    pub(crate) async fn discard(&mut self, cx: &Context) {
        if let Err(error) = self.slots(cx).await.discard().await {
            cx.warn(error.to_string());
        }
    }

    /// Saves a run. A failed save is a warning, because the run itself can go on.
    ///
    /// # Errors
    /// `Device` if the run cannot be read from the device.
    pub(crate) async fn save(&mut self, cx: &Context, trainer: &mut Trainer) -> Result<()> {
        let checkpoint = trainer.checkpoint().await?;
        let slots = self.slots(cx).await;
        let step = checkpoint.step;
        match slots.save(&checkpoint.to_bytes()?).await {
            Ok(()) if slots.is_persistent() => cx.post(Event::Checkpoint { step }),
            // In memory it would be lost with the tab, so the page is not told that it is safe.
            Ok(()) => {}
            Err(error) => cx.warn(format!(
                "The training goes on, but it was not saved at step {step}: {error}"
            )),
        }
        Ok(())
    }

    /// The saved run, if it belongs to this base model.
    pub(crate) async fn unfinished(&mut self, cx: &Context, base_hash: &str) -> Option<Checkpoint> {
        let checkpoint = match self.load(cx).await {
            Ok(None) => return None,
            Ok(Some(bytes)) => Checkpoint::from_bytes(&bytes),
            Err(error) => Err(error),
        };
        match checkpoint {
            Ok(checkpoint) => {
                let fits = checkpoint.check_base(base_hash).is_ok();
                fits.then_some(checkpoint)
            }
            Err(error) => {
                cx.warn(format!(
                    "A training run was not finished on the last visit, but it cannot be taken up again. {error}"
                ));
                None
            }
        }
    }
}

/// In memory: only a browser has a storage of its own.
#[cfg(not(feature = "engine"))]
async fn open(_: &Context) -> (Rc<dyn Storage>, Option<Box<dyn FileWriter>>) {
    (Rc::new(crate::storage::MemoryStorage::default()), None)
}
