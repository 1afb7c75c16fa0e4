//! The files of a base model, wherever they are: small files whole, weight files tensor by tensor.
//!
//! | file | what it has |
//! |---|---|
//! | `location` | [`Files`]: on disk, chosen by a person, over HTTP, or cached |
//! | `byte_stream` | [`ByteStream`](byte_stream::ByteStream): one file's bytes, in order |
//! | `tensor_stream` | [`TensorStream`](tensor_stream::TensorStream): one weight file's tensors, in order |
//! | `load` | weight files to [`Weights`](crate::weights::Weights) |
//! | `single_file` | [`SingleFile`]: checkpoints in the LDM layout |

mod byte_stream;
mod load;
mod location;
mod single_file;
mod tensor_stream;

pub use location::Files;
pub use single_file::SingleFile;

#[cfg(all(test, not(target_family = "wasm")))]
mod f16_tests;
#[cfg(test)]
mod local_tests;
#[cfg(all(test, not(target_family = "wasm")))]
mod shards_tests;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
