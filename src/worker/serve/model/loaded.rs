//! A base model on the device, and what was made of it.

use crate::config::TrainConfig;
use crate::model::base_model::BaseModel;
use crate::plan::{Configs, Stored};
use crate::spectral::DecomposedBaseModel;
use crate::spectral::delta::Delta;
use crate::spectral::lora::Lora;
use crate::worker::protocol::BaseSource;
use crate::worker::serve::model::opened::OpenedModel;

/// A loaded base model.
pub(crate) struct LoadedModel {
    pub(crate) source: BaseSource,
    pub(crate) base: BaseModel,
    /// For memory plans.
    pub(crate) configs: Configs,
    /// How its weights are stored.
    pub(crate) stored: Stored,
    /// Added to the model for generating, never for training: it makes sampling quick.
    pub(crate) lora: Option<(Lora, f32)>,
    pub(crate) opened: OpenedModel,
    pub(crate) decomposed: Option<DecomposedBaseModel>,
    /// The model with deltas baked in.
    pub(crate) baked: Option<BakedModel>,
    /// The picture that was learned last, for another edit of it.
    pub(crate) learned: Option<LearnedPicture>,
}

/// A model with deltas baked in.
pub(crate) struct BakedModel {
    /// The ids of the deltas, and the bits of their strengths.
    pub(crate) key: Vec<(String, u32)>,
    pub(crate) base: BaseModel,
}

/// A picture that was learned by its prompt, so that several edits of it learn it once.
pub(crate) struct LearnedPicture {
    pub(crate) picture: Vec<f32>,
    pub(crate) training: TrainConfig,
    pub(crate) delta: Delta,
}

impl LearnedPicture {
    /// Whether an edit that wants this training can use the delta; the seed may differ.
    pub(crate) fn serves(&self, picture: &[f32], training: &TrainConfig) -> bool {
        let training = TrainConfig {
            seed: self.training.seed,
            ..training.clone()
        };
        self.picture == picture && self.training == training
    }
}
