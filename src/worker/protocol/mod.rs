//! The contract between the page and the engine.
//!
//! The page posts [`Message`]s: a [`Request`] with an id, or a word about a request that was sent
//! (pause, resume, cancel). The engine posts [`Answer`]s: an [`Event`] with the id of its request.
//! Both go through serde-wasm-bindgen.
//!
//! Requests are worked one after the other, in the order in which they come. The last event of
//! each is [`Event::Done`], [`Event::Stopped`], [`Event::Failed`] or [`Event::Refused`]; all
//! results come before it. An event without an id belongs to no request.
//!
//! Files of a base model on the person's disk travel in the posted message's field [`FILES`]: they
//! are browser objects, which cannot be serialised.
//!
//! | file | what it holds |
//! |---|---|
//! | `message` | the envelopes, with ids |
//! | `requests` | what the page asks for |
//! | `events` | what the engine answers |
//! | `kinds` | types that both use |
//! | `bases` | base models, the catalogue, what this browser stores of them |
//! | `plans` | how much memory a base model needs |

/// The field of a posted message that holds files beside a request: objects of `path` and `file`.
pub const FILES: &str = "files";

mod bases;
mod events;
mod kinds;
mod message;
mod plans;
mod requests;

pub use bases::*;
pub use events::*;
pub use kinds::*;
pub use message::*;
pub use plans::*;
pub use requests::*;
