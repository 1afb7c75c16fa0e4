//! Parts of the model, and the files that hold them.

mod embedded;
mod single_file;
mod synthetic;
pub mod text_encoder;
mod tokenizer;
pub mod unet;
mod vae;
mod vae_tiny;
