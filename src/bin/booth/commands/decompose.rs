//! `booth decompose`: decomposes the weights of a base model and reports time and accuracy.

use std::time::Instant;

use deltabooth::Result;
use deltabooth::config::LayerPreset;
use deltabooth::plan::verdict::format_bytes;
use deltabooth::spectral::LayerSelection;
use deltabooth::spectral::decompose::threads::Threads;

use crate::args::base::BaseArgs;

/// Decomposes the weights of a base model and reports time and accuracy.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Layers of the UNet, as for training.
    #[arg(long, value_enum, value_name = "PRESET", default_value_t = LayerPreset::All)]
    layers: LayerPreset,
    /// Decomposes the text encoder too.
    #[arg(long)]
    text_encoder: bool,
    /// Matrices that are decomposed at the same time [default: one per core].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
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
    println!("| matrices decomposed | {} |", summary.decomposed);
    if let Some(folder) = cache.folder() {
        println!("| found in {} | {} |", folder.display(), summary.cached);
        println!("| found there, but damaged | {} |", summary.damaged);
    }
    println!("| time | {seconds:.1} s |");
    println!("| largest residual | {:.1e} |", summary.residual);
    println!(
        "| largest orthogonality error | {:.1e} |",
        summary.orthogonality_error
    );
    println!("| U, σ and Vᵀ | {} |", format_bytes(summary.bytes));
    Ok(())
}
