//! `booth combine`.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use deltabooth::Result;
use deltabooth::spectral::LayerSelection;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::combine::{Combine, check_rank, limit_rank};

use crate::args::base::{SingleFileArgs, load_base};
use crate::args::factors::CacheArg;
use crate::io::date::today;
use crate::io::files::{check_out, named, read, write};

/// Makes one delta of several of the same base.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("how").args(["weights", "interpolate", "style_mix"])))]
pub(crate) struct Args {
    /// The deltas.
    #[arg(value_name = "FILE.safetensors", required = true)]
    deltas: Vec<PathBuf>,
    /// Adds them, each with a weight, which may be negative or above 1 [default: 1 each].
    #[arg(
        long,
        value_name = "X,Y,…",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    weights: Option<Vec<f32>>,
    /// Interpolates between the second (0) and the first (1).
    #[arg(long, value_name = "ALPHA", allow_hyphen_values = true)]
    interpolate: Option<f32>,
    /// Takes the geometry from the first and the appearance from the second.
    #[arg(long)]
    style_mix: bool,
    /// Keeps the K largest shifts of each layer.
    #[arg(long, value_name = "K", requires = "base")]
    rank: Option<usize>,
    /// The base model's folder or file; --rank needs its singular values.
    #[arg(long, value_name = "DIR|FILE.safetensors")]
    base: Option<PathBuf>,
    #[command(flatten)]
    single_file: SingleFileArgs,
    /// The new delta, with its parents in the metadata.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "safetensors")?;
    let mut parents = Vec::with_capacity(args.deltas.len());
    for path in &args.deltas {
        let bytes = read(path)?;
        let delta = Delta::from_bytes(&bytes).map_err(|error| named(path, error))?;
        parents.push((delta, Delta::content_sha256(&bytes)?));
    }
    let how = match (args.weights, args.interpolate) {
        (Some(weights), _) => Combine::Sum(weights),
        (_, Some(alpha)) => Combine::Interpolate(alpha),
        _ if args.style_mix => Combine::StyleMix,
        _ => Combine::Sum(vec![1.0; parents.len()]),
    };
    let parents: Vec<_> = parents
        .iter()
        .map(|(delta, hash)| (delta, hash.clone()))
        .collect();
    let mut combined = how.apply(&parents)?;
    if let (Some(rank), Some(base)) = (args.rank, &args.base) {
        check_rank(&combined, rank)?;
        limit(&mut combined, rank, base, &args.single_file).await?;
    }
    combined.metadata.date = today();
    let bytes = combined.to_bytes()?;
    write(&args.out, &bytes)?;
    eprintln!(
        "{}: {} bytes of {} deltas",
        args.out.display(),
        bytes.len(),
        parents.len()
    );
    Ok(())
}

/// Limits the rank in UNet and text encoder.
async fn limit(
    delta: &mut Delta,
    rank: usize,
    base: &Path,
    single_file: &SingleFileArgs,
) -> Result<()> {
    let base = load_base(base, single_file, &Device::flex()).await?;
    delta.check_base(&base.hash)?;
    let selection = LayerSelection::for_deltas(&[delta]);
    let decomposed = CacheArg::default().factors(&base, &selection).await?;
    if !delta.unet.is_empty() {
        delta.unet = limit_rank(&delta.unet, &decomposed.unet, rank)?;
    }
    if !delta.text_encoder.is_empty() {
        let text_encoder = decomposed.text_encoder()?;
        delta.text_encoder = limit_rank(&delta.text_encoder, text_encoder, rank)?;
    }
    if let Some(combination) = &mut delta.metadata.combination {
        combination.rank = Some(rank);
    }
    Ok(())
}
