//! The engine and its device.

pub mod device;
