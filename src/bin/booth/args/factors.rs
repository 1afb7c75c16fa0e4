//! `--cache`, and the decomposition of the base model.

use std::path::{Path, PathBuf};

use deltabooth::Result;
use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::decompose::config::{DecomposeConfig, NoStore};
use deltabooth::spectral::decompose::summary::DecomposeSummary;
use deltabooth::spectral::decompose::threads::{FactorFolder, Threads};
use deltabooth::spectral::{DecomposedBaseModel, LayerSelection};
use deltabooth::weights::Stored;

use crate::io::status::Status;

/// `--cache`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct CacheArg {
    /// A folder that caches the factors U, σ and Vᵀ of the base model's weights.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl CacheArg {
    /// Decomposes the layers that are needed on `threads`, with the cache if there is one.
    pub(crate) async fn decompose(
        &self,
        base: &BaseModel,
        selection: &LayerSelection,
        stored: Stored,
        threads: Threads,
    ) -> Result<(DecomposedBaseModel, DecomposeSummary)> {
        let mut status = Status::new("decomposing the base, %");
        let progress = async |done: usize, total: usize| {
            // Rounded down: 100 is shown at the end only.
            status.progress((100 * done).checked_div(total).unwrap_or(100), 100);
            Ok(())
        };
        let mut decomposed = DecomposedBaseModel::empty(base, stored)?;
        let decomposer = &threads;
        let summary = match &self.cache {
            Some(folder) => {
                let store = &FactorFolder::new(folder, &base.hash);
                let config = DecomposeConfig { decomposer, store };
                decomposed.extend(base, selection, config, progress).await?
            }
            None => {
                let store = &NoStore;
                let config = DecomposeConfig { decomposer, store };
                decomposed.extend(base, selection, config, progress).await?
            }
        };
        drop(status);
        if let Some(why) = &summary.store_error {
            eprintln!("{why}");
        }
        Ok((decomposed, summary))
    }

    /// As [`decompose`](Self::decompose), on all cores, with the factors in F32.
    pub(crate) async fn factors(
        &self,
        base: &BaseModel,
        selection: &LayerSelection,
    ) -> Result<DecomposedBaseModel> {
        let (stored, threads) = (Stored::F32, Threads::default());
        let made = self.decompose(base, selection, stored, threads).await?;
        Ok(made.0)
    }

    /// The cache folder.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.cache.as_deref()
    }
}
