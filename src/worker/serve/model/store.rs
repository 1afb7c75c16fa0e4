//! The store of the base model: the device, the loaded model, where models come from.

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::worker::protocol::{Event, MemoryUse, Task};
use crate::worker::serve::context::Context;
use crate::worker::serve::device::{ChosenDevice, Devices};
#[cfg(feature = "engine")]
use crate::worker::serve::model::factors::Factors;
use crate::worker::serve::model::library::ModelLibrary;
use crate::worker::serve::model::loaded::LoadedModel;
use crate::worker::serve::model::steps::StepObserver;

/// The device and the base model.
pub struct ModelStore {
    pub(crate) devices: Box<dyn Devices>,
    pub(crate) library: Box<dyn ModelLibrary>,
    pub(crate) device: Option<ChosenDevice>,
    /// Bytes of memory that the device has, if the person states them.
    pub(crate) stated_memory: Option<u64>,
    pub(crate) loaded: Option<LoadedModel>,
    #[cfg(feature = "engine")]
    pub(crate) factors: Factors,
}

impl ModelStore {
    /// Nothing is loaded yet.
    pub fn new(devices: Box<dyn Devices>, library: Box<dyn ModelLibrary>) -> Self {
        Self {
            devices,
            library,
            device: None,
            stated_memory: None,
            loaded: None,
            #[cfg(feature = "engine")]
            factors: Factors::default(),
        }
    }

    /// The loaded model.
    ///
    /// # Errors
    /// `Settings` if none is loaded.
    pub(crate) fn loaded(&self) -> Result<&LoadedModel> {
        self.loaded.as_ref().ok_or_else(not_loaded)
    }

    /// The loaded model.
    ///
    /// # Errors
    /// `Settings` if none is loaded.
    pub(crate) fn loaded_mut(&mut self) -> Result<&mut LoadedModel> {
        self.loaded.as_mut().ok_or_else(not_loaded)
    }

    /// The device.
    ///
    /// # Errors
    /// `Settings` if none was chosen.
    pub(crate) fn device(&self) -> Result<&ChosenDevice> {
        self.device.as_ref().ok_or_else(not_loaded)
    }

    /// Pixels a side of the model's pictures.
    ///
    /// # Errors
    /// `Settings` if no model is loaded.
    pub(crate) fn picture_size(&self) -> Result<u32> {
        Ok(self.loaded()?.base.picture_size() as u32)
    }

    /// The key by which this browser stores the loaded model.
    pub(crate) fn key_in_use(&self) -> Option<String> {
        self.loaded.as_ref()?.opened.key()
    }

    /// What a long piece of work calls after every step.
    pub(crate) fn observer<'a>(&self, cx: &'a Context, task: Task) -> StepObserver<'a> {
        StepObserver::new(cx, self.device.as_ref(), task)
    }

    /// Releases memory of the device that nothing uses, if it is much.
    ///
    /// # Errors
    /// `Device` if the device was lost.
    pub(crate) async fn release_memory(&self) -> Result<()> {
        match &self.device {
            Some(chosen) => self.devices.release(&chosen.device).await,
            None => Ok(()),
        }
    }

    /// Tells the page how much memory `task` took since [`Devices::begin_peak`], beside its plan.
    pub(crate) fn report_memory(&self, cx: &Context, task: Task, plan: &Plan) {
        let memory = self.devices.memory();
        cx.post(Event::MemoryUsed {
            used: MemoryUse {
                task,
                planned: plan.requested_peak,
                gpu_peak: memory.gpu_peak,
                gpu: memory.gpu,
                wasm: memory.wasm,
            },
        });
    }

    /// From now on the autoencoder works in tiles if the plan says so.
    ///
    /// # Errors
    /// `Settings` if no model is loaded.
    pub(crate) fn tile(&mut self, plan: &Plan) -> Result<()> {
        let loaded = self.loaded_mut()?;
        loaded.base.vae.set_tiling(plan.requested_strategy.tile)?;
        match &mut loaded.baked {
            Some(baked) => baked.base.vae.set_tiling(plan.requested_strategy.tile),
            None => Ok(()),
        }
    }
}

/// The error of work that needs a model.
pub(crate) fn not_loaded() -> Error {
    Error::Settings(
        "The base is not loaded, so this cannot be done yet. Wait until it is, or reload the page if loading failed."
            .into(),
    )
}
