//! The subjects' pictures, and collages of two of them.

pub(crate) mod collages;
pub(crate) mod handlers;
mod store;

pub use self::store::PictureStore;
