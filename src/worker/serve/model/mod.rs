//! The base model: where it comes from, its memory plan, its weights on the device.
//!
//! | file | what it does |
//! |---|---|
//! | `store` | the device and the loaded model |
//! | `loaded`, `opened` | a loaded model; its files |
//! | `library` | where models come from, behind a trait |
//! | `browser` | models over HTTP, in OPFS and from the person's disk |
//! | `factors` | stored factors of weights |
//! | `planner`, `plan` | memory plans |
//! | `offload` | a model is offloaded during a run |
//! | `steps` | what long work calls after every step |
//! | `timing` | the time of one forward pass |
//! | `list`, `check` | handlers of the catalogue, of stored models, and of the device check |

#[cfg(feature = "engine")]
pub(crate) mod browser;
pub(crate) mod check;
#[cfg(feature = "engine")]
pub(crate) mod factors;
mod library;
pub(crate) mod list;
pub(crate) mod loaded;
pub(crate) mod offload;
mod opened;
pub(crate) mod plan;
pub(crate) mod planner;
pub(crate) mod steps;
pub(crate) mod store;
pub(crate) mod timing;

pub use self::library::ModelLibrary;
pub use self::opened::OpenedModel;
pub use self::store::ModelStore;
