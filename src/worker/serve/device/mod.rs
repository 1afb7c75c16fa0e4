//! The device that the engine works on, and its memory.

#[cfg(feature = "engine")]
pub(crate) mod adapter;
mod chosen;
#[cfg(feature = "engine")]
pub(crate) mod gpu_bytes;
#[cfg(feature = "engine")]
mod release;

pub(crate) use self::chosen::settle;
pub use self::chosen::{ChosenDevice, DeviceMemory, Devices};
