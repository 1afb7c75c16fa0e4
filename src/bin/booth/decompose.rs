//! `booth decompose`: the factors of a base, made and kept, with what that took.

use std::path::{Path, PathBuf};
use std::time::Instant;

use deltabooth::Result;
use deltabooth::model::base_model::BaseModel;
use deltabooth::plan::verdict::size;
use deltabooth::spectral::decompose::config::{DecomposeConfig, NoStore, Summary};
use deltabooth::spectral::decompose::threads::{FactorFolder, Threads};
use deltabooth::spectral::shift::preset::LayerPreset;
use deltabooth::spectral::{DecomposedBaseModel, LayerSelection};
use deltabooth::weights::Stored;

use super::common::{BaseArgs, Status};
use super::train::name;

/// Takes the weights of a base apart, and says how long that took and how exact it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// The layers of the UNet: a preset, as for training.
    #[arg(long, value_name = "PRESET", default_value = "all", value_parser = name::<LayerPreset>)]
    layers: LayerPreset,
    /// The text encoder too.
    #[arg(long)]
    text_encoder: bool,
    /// Matrices that are worked on at once [default: one for each core].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// `--cache`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct CacheArg {
    /// A folder that keeps the factors of the base's weights, for the next time or after an
    /// interruption. Without it nothing is kept.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl CacheArg {
    /// Decomposes what is needed over `threads`, with the help of the folder if there is one.
    pub(crate) async fn decompose(
        &self,
        base: &BaseModel,
        selection: &LayerSelection,
        stored: Stored,
        threads: Threads,
    ) -> Result<(DecomposedBaseModel, Summary)> {
        let mut status = Status::new("decomposing the base, %");
        let progress = async |done: usize, total: usize| {
            // Rounded down: 100 is shown when it is done.
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
        if let Some(why) = &summary.not_kept {
            eprintln!("{why}");
        }
        Ok((decomposed, summary))
    }

    /// As [`decompose`](Self::decompose), over all cores, as exact as they are made.
    pub(crate) async fn factors(
        &self,
        base: &BaseModel,
        selection: &LayerSelection,
    ) -> Result<DecomposedBaseModel> {
        let (stored, threads) = (Stored::F32, Threads::default());
        let made = self.decompose(base, selection, stored, threads).await?;
        Ok(made.0)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.cache.as_deref()
    }
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let base = args.base.load().await?;
    let selection = LayerSelection::for_training(args.layers, args.text_encoder);
    let threads = args.threads.map_or_else(Threads::default, Threads::new);
    let began = Instant::now();
    let stored = args.base.stored.into();
    let cache = &args.base.cache;
    let made = cache.decompose(&base, &selection, stored, threads).await?;
    let (seconds, summary) = (began.elapsed().as_secs_f64(), made.1);
    println!("| what | value |\n|---|---|");
    println!("| matrices decomposed | {} |", summary.made);
    if let Some(folder) = cache.folder() {
        println!("| found in {} | {} |", folder.display(), summary.found);
        println!("| found there, but damaged | {} |", summary.damaged);
    }
    println!("| time | {seconds:.1} s |");
    println!("| largest residual | {:.1e} |", summary.residual);
    println!(
        "| largest orthogonality error | {:.1e} |",
        summary.orthogonality_error
    );
    println!("| U, σ and Vᵀ | {} |", size(summary.bytes));
    Ok(())
}
