//! Pictures: decoding of PNG, JPEG and WebP, conversion to and from the model's range, and PNG
//! encoding.
//!
//! | file | content |
//! |---|---|
//! | [`decode`](mod@decode) | bytes to pixels, with limits on untrusted input |
//! | [`pixels`] | cropping, scaling, conversion and PNG encoding |
//! | [`quality`] | tiny, blurry and duplicate pictures |

pub mod decode;
pub mod pixels;
pub mod quality;

pub use decode::{MAX_BYTES, MAX_SIDE, decode};
pub use pixels::{Picture, encode_png};
pub use quality::Thumbnail;

#[cfg(test)]
mod tests;
