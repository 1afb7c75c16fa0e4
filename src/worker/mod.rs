//! The engine runs in a worker; the page talks to it through the messages of [`protocol`].

#[cfg(feature = "page")]
pub mod client;
pub mod protocol;
#[cfg(any(feature = "engine", feature = "booth"))]
pub mod serve;
