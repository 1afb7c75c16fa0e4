//! Everything that the engine holds.

use crate::worker::serve::deltas::DeltaStore;
use crate::worker::serve::device::Devices;
use crate::worker::serve::model::{ModelLibrary, ModelStore};
use crate::worker::serve::pictures::PictureStore;
use crate::worker::serve::runs::RunStore;

/// The stores of one engine; each handler gets those that it works with.
pub struct Stores {
    /// The device and the base model.
    pub model: ModelStore,
    /// The subjects' pictures.
    pub pictures: PictureStore,
    /// The open deltas.
    pub deltas: DeltaStore,
    /// The saved run.
    pub runs: RunStore,
}

impl Stores {
    /// Empty stores.
    pub fn new(devices: Box<dyn Devices>, library: Box<dyn ModelLibrary>) -> Self {
        Self {
            model: ModelStore::new(devices, library),
            pictures: PictureStore::default(),
            deltas: DeltaStore::default(),
            runs: RunStore::default(),
        }
    }
}
