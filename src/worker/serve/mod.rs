//! The engine's end of the worker.
//!
//! One task works on the requests, one after the other. Between two steps of long work it lets the
//! browser deliver messages, so that pause and cancel arrive. Handlers are functions that take the
//! [`Context`] and the stores that they need; everything that only a browser has is behind the traits
//! [`Page`], [`Devices`] and [`ModelLibrary`].
//!
//! | part | what it does |
//! |---|---|
//! | `engine` | dispatch of requests |
//! | `stores` | all stores |
//! | `context` | the way to the page, pause and cancel |
//! | `load` | loads a base model into all stores |
//! | `device` | the device and its memory |
//! | `model` | the base model: catalogue, download, plan, offload |
//! | `decompose` | the factors of its weights |
//! | `pictures` | the subjects' pictures, collages |
//! | `deltas` | open deltas |
//! | `generate` | generated and edited pictures |
//! | `runs` | training and checkpoints |
//! | `browser` | the worker's global scope |
//! | `start` | the worker's `main` |

#[cfg(feature = "engine")]
mod browser;
mod context;
mod decompose;
mod deltas;
mod device;
mod engine;
mod generate;
mod load;
mod model;
mod pictures;
mod runs;
#[cfg(feature = "engine")]
mod start;
mod stores;
#[cfg(all(test, not(feature = "engine")))]
mod tests;

pub use self::context::{Context, Page, UserFiles};
pub use self::deltas::DeltaStore;
pub use self::device::{ChosenDevice, DeviceMemory, Devices};
pub use self::engine::Engine;
pub use self::model::{ModelLibrary, ModelStore, OpenedModel};
pub use self::pictures::PictureStore;
pub use self::runs::RunStore;
#[cfg(feature = "engine")]
pub use self::start::start;
pub use self::stores::Stores;
