//! The device that the engine works on.

use burn::tensor::{Device, Tensor};
use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Result};
use crate::worker::protocol::{DeviceChoice, DeviceKind};

/// A device that was started.
#[derive(Clone, Debug)]
pub struct ChosenDevice {
    /// Burn's device.
    pub device: Device,
    /// GPU or CPU.
    pub kind: DeviceKind,
    /// Its name, for the person.
    pub name: String,
    /// Why it was chosen, as a part of a sentence.
    pub reason: String,
    /// Bytes of the largest tensor that a GPU takes.
    pub buffer: Option<u64>,
}

impl ChosenDevice {
    /// The CPU, and why.
    pub fn cpu(reason: String) -> Self {
        Self {
            device: Device::flex(),
            kind: DeviceKind::Cpu,
            name: "WebAssembly".into(),
            reason,
            buffer: None,
        }
    }
}

/// Bytes of memory in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemory {
    /// The most bytes of GPU buffers since [`Devices::begin_peak`]; `None` without a GPU.
    pub gpu_peak: Option<u64>,
    /// Bytes of GPU buffers now.
    pub gpu: Option<u64>,
    /// Bytes of WebAssembly memory.
    pub wasm: u64,
}

/// The machine's devices and their memory.
pub trait Devices {
    /// Chooses a device and starts it.
    ///
    /// # Errors
    /// `Settings` if a GPU is required and there is none; `Device` if it does not start.
    fn choose(&mut self, choice: DeviceChoice) -> LocalBoxFuture<'_, Result<ChosenDevice>>;

    /// Measures the peak of memory anew.
    fn begin_peak(&self);

    /// The memory in use.
    fn memory(&self) -> DeviceMemory;

    /// Releases memory that the device's allocator holds and no tensor uses, if it is much.
    ///
    /// # Errors
    /// `Device` if the device was lost.
    fn release<'a>(&'a self, device: &'a Device) -> LocalBoxFuture<'a, Result<()>>;
}

/// Waits until a device has done its queued work, so that the queue stays short.
///
/// # Errors
/// `Device` if it was lost.
pub(crate) async fn settle(device: &Device) -> Result<()> {
    let read = Tensor::<1>::zeros([1], device).into_data_async().await;
    read.map(|_| ()).map_err(|error| {
        Error::Device(format!(
            "The GPU stopped working ({error:?}). It usually ran out of memory: close other tabs that use it, then start the engine again. A training run goes on from its last checkpoint."
        ))
    })
}
