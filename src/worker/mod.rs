//! The engine runs in a worker; the page talks to it in the words of [`protocol`].

#[cfg(feature = "page")]
pub mod client;
pub mod protocol;
#[cfg(feature = "engine")]
pub mod serve;
