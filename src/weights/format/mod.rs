//! Formats of weight files, and weights on the device.
//!
//! | file | what it has |
//! |---|---|
//! | [`safetensors`] | the safetensors container |
//! | [`shards`] | indexes of weights in several files |
//! | [`single_file`] | tensor names of checkpoints in the original LDM layout |
//! | `dtype`, `f16` | types of values and their conversion |
//! | `stored` | values on the device |
//! | `weights` | [`Weights`](weights::Weights): the tensors of one file |
//! | `base_hash` | [`BaseHash`](base_hash::BaseHash): a hash of all tensors of a base model |

pub(crate) mod base_hash;
pub(crate) mod f16;
pub mod safetensors;
pub mod shards;
pub mod single_file;
pub(crate) mod stored;
pub(crate) mod weights;

mod dtype;
mod strict_json;
