//! The engine's worker and its device.

pub mod activity;
pub mod connection;
pub mod device;
pub mod ids;
