//! The whole contract between the page and the engine.
//!
//! The page sends [`Request`]s, the engine answers with [`Event`]s, both through
//! serde-wasm-bindgen. Requests are answered in the order in which they come, except
//! [`Request::Pause`], [`Request::Resume`] and [`Request::Cancel`], which reach the work that is
//! under way. Every piece of work ends in exactly one event: its result, [`Event::Failed`] or
//! [`Event::Stopped`].
//!
//! Files of a base on the person's disk travel beside a request, in the posted object's field
//! [`FILES`]: they are the browser's handles, which no serialisation has.
//!
//! | file | what it holds |
//! |---|---|
//! | `requests` | what the page asks |
//! | `events` | what the engine answers |
//! | `kinds` | what both speak of |
//! | `bases` | bases, the catalogue, what is kept of them |
//! | `plans` | what a base takes of memory |

/// The field of the posted object in which files lie beside a request: objects of `path` and `file`.
pub const FILES: &str = "files";

mod bases;
mod events;
mod kinds;
mod plans;
mod requests;

pub use bases::*;
pub use events::*;
pub use kinds::*;
pub use plans::*;
pub use requests::*;
