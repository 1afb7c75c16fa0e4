//! The settings of training and generating, as reactive stores over the structs of
//! [`config`](crate::config).

pub mod effort;
pub mod generate;

use reactive_stores::Store;

use crate::config::TrainConfig;

/// The settings of training (card 2). The subjects are set when a run is requested.
pub type TrainSettings = Store<TrainConfig>;
