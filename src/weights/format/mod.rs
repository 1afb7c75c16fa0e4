//! Weight files: the safetensors container, shards, checkpoints of one file, and numbers on the device.

pub mod safetensors;
pub mod shards;
pub mod single_file;

mod dtype;
pub(crate) mod f16;
pub(crate) mod stored;
pub(crate) mod stream;
mod strict_json;
