//! The safetensors container.
//!
//! ```text
//! 8 bytes   little-endian length n of the header, at most 100,000,000
//! n bytes   UTF-8 JSON, begins with '{':
//!           {"__metadata__": {"key": "text"}, "name": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]}}
//! the rest  the tensors' bytes, little-endian, row-major
//! ```
//!
//! Sizes are `u64` also on wasm32, where the reference reader counts bits in `usize` and refuses
//! tensors of 512 MiB. Specification: <https://github.com/huggingface/safetensors#format>.

mod header;
mod writer;

pub use crate::weights::format::dtype::{Dtype, from_f32, to_f32};
pub(crate) use header::length;
pub use header::{Header, HeaderFault, MAX_HEADER, TensorInfo, header_len};
pub use writer::{write, write_header};

#[cfg(test)]
mod tests;
