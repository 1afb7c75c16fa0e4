//! The files of a base model, ready to be read.

use crate::error::Result;
use crate::model::base_model::{BaseModel, Progress};
use crate::model::config::PredictionType;
use crate::plan::Configs;
use crate::weights::{Files, Place};

/// The files of a base model.
pub enum OpenedModel {
    /// A diffusers folder.
    Folder(Files),
    /// A checkpoint of one file in the original layout.
    Checkpoint {
        /// The checkpoint's folder.
        files: Files,
        /// Where the checkpoint is among them.
        path: String,
        /// Where CLIP's tokenizer is.
        tokenizer: Files,
        /// What the UNet predicts; epsilon if it is not stated.
        prediction: Option<PredictionType>,
    },
}

impl OpenedModel {
    /// Loads the model onto a device, its matrices stored as the place says.
    ///
    /// # Errors
    /// As [`BaseModel::load`] and [`BaseModel::load_single_file`].
    pub async fn load(
        &self,
        place: Place,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BaseModel> {
        match self {
            Self::Folder(files) => BaseModel::load(files, place, progress).await,
            Self::Checkpoint {
                files,
                path,
                tokenizer,
                prediction,
            } => {
                let prediction = *prediction;
                BaseModel::load_single_file(files, path, tokenizer, prediction, place, progress)
                    .await
            }
        }
    }

    /// The configs that a memory plan needs; no weight is read.
    ///
    /// # Errors
    /// As [`Configs::read`] and [`Configs::of_checkpoint`].
    pub async fn configs(&self) -> Result<Configs> {
        match self {
            Self::Folder(files) => Configs::read(files).await,
            Self::Checkpoint {
                files,
                path,
                prediction,
                ..
            } => Configs::of_checkpoint(files, path, *prediction).await,
        }
    }

    /// The files of the model itself.
    pub fn files(&self) -> &Files {
        match self {
            Self::Folder(files) | Self::Checkpoint { files, .. } => files,
        }
    }

    /// After a failure: whether a stored file was damaged. It was removed, so a second try fetches it
    /// again.
    pub async fn remove_damaged(&self) -> bool {
        let tokenizer = match self {
            Self::Folder(_) => false,
            Self::Checkpoint { tokenizer, .. } => tokenizer.remove_damaged().await,
        };
        self.files().remove_damaged().await || tokenizer
    }

    /// Notes that the model was loaded completely.
    ///
    /// # Errors
    /// `Io` if the storage refuses.
    pub async fn mark_complete(&self) -> Result<()> {
        if let Self::Checkpoint { tokenizer, .. } = self {
            tokenizer.mark_complete().await?;
        }
        self.files().mark_complete().await
    }

    /// The key by which this browser stores the model; `None` if it does not store it.
    pub fn key(&self) -> Option<String> {
        match self.files() {
            #[cfg(feature = "web")]
            Files::Cached(base) => Some(base.key().to_owned()),
            _ => None,
        }
    }
}
