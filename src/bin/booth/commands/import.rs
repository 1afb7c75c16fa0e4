//! `booth import`: svdiff-pytorch's files as a delta.

use std::path::PathBuf;

use deltabooth::Result;
use deltabooth::spectral::delta::DeltaMetadata;
use deltabooth::spectral::delta::import;
use deltabooth::weights::format::safetensors::Dtype;

use crate::args::base::BaseArgs;
use crate::io::date::today;
use crate::io::files::{check_out, read, write};

/// Converts svdiff-pytorch's spectral shifts to a delta. The files do not contain their base model; it
/// is the one given.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// spectral_shifts.safetensors, spectral_shifts_te.safetensors, or both.
    #[arg(value_name = "FILE.safetensors", required = true, num_args = 1..=2)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    base: BaseArgs,
    /// Title of the delta.
    #[arg(long, value_name = "TEXT", default_value = "")]
    title: String,
    /// The words that stand for the subject in a prompt, such as 'sks dog'.
    #[arg(long, value_name = "TEXT", default_value = "")]
    trigger: String,
    /// The delta, in F32, so that nothing is rounded.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "safetensors")?;
    let mut files = Vec::new();
    for path in &args.files {
        files.push((path.display().to_string(), read(path)?));
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let base = args.base.load().await?;
    let metadata = DeltaMetadata {
        title: args.title,
        trigger_phrase: args.trigger,
        date: today(),
        ..DeltaMetadata::default()
    };
    let delta = import::svdiff_pytorch(&files, &base, metadata)?;
    let bytes = delta.to_bytes_as(Dtype::F32)?;
    write(&args.out, &bytes)?;
    eprintln!(
        "{}: {} shifts, taken to be for {}",
        args.out.display(),
        delta.unet.len() + delta.text_encoder.len(),
        base.id
    );
    Ok(())
}
