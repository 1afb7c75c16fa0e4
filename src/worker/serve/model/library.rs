//! Where base models come from, and what is stored of them.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::error::Result;
use crate::weights::Files;
use crate::weights::catalogue::LoraEntry;
use crate::worker::protocol::{BaseSource, CatalogueBase, StoredBase, TokenizerOffer};
use crate::worker::serve::context::{Context, UserFiles};
use crate::worker::serve::model::opened::OpenedModel;

/// The catalogue, and the models that are stored here.
pub trait ModelLibrary {
    /// The catalogue's models, and the tokenizer that it has for checkpoints of one file.
    ///
    /// # Errors
    /// `Io` if there is no catalogue, `Config` if it cannot be used.
    fn catalogue(
        &mut self,
    ) -> LocalBoxFuture<'_, Result<(Vec<CatalogueBase>, Option<TokenizerOffer>)>>;

    /// The stored models, the one that was used last first; `in_use` is the key of the loaded one.
    ///
    /// # Errors
    /// `Io`.
    fn stored<'a>(
        &'a mut self,
        in_use: Option<&'a str>,
    ) -> LocalBoxFuture<'a, Result<Vec<StoredBase>>>;

    /// Removes a stored model; `false` if it is loaded somewhere and stays.
    ///
    /// # Errors
    /// `Io`.
    fn remove<'a>(&'a mut self, key: &'a str) -> LocalBoxFuture<'a, Result<bool>>;

    /// Opens a model; `files` are those beside the request. Downloads are reported to `cx`.
    ///
    /// # Errors
    /// `Settings` for a model that is not in the catalogue or has no usable address; `Config` and
    /// `Io` for the catalogue and the storage.
    fn open<'a>(
        &'a mut self,
        source: &'a BaseSource,
        files: UserFiles,
        cx: &'a Rc<Context>,
    ) -> LocalBoxFuture<'a, Result<OpenedModel>>;

    /// The files of a model for its configs alone: nothing of them is stored.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn config_files<'a>(&'a mut self, source: &'a BaseSource) -> LocalBoxFuture<'a, Result<Files>>;

    /// The LoRA that the catalogue adds to a model for generating.
    ///
    /// # Errors
    /// As [`catalogue`](Self::catalogue).
    fn lora<'a>(
        &'a mut self,
        source: &'a BaseSource,
    ) -> LocalBoxFuture<'a, Result<Option<LoraEntry>>>;
}
