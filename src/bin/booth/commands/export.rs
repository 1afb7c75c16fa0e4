//! `booth export`: a delta for other programs.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use deltabooth::spectral::decompose::shapes::layer_shapes;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::svdiff_pytorch;
use deltabooth::spectral::delta::svdiff_pytorch::{FullNorms, TEXT_ENCODER_FILE, UNET_FILE};
use deltabooth::spectral::lora::{Lora, LoraReport};
use deltabooth::spectral::lora::{diffusers, kohya};
use deltabooth::spectral::shift::ShiftSet;
use deltabooth::spectral::{DecomposedModel, LayerSelection};
use deltabooth::weights::format::safetensors::Dtype;
use deltabooth::{Error, Result};

use crate::args::base::BaseArgs;
use crate::io::files::{check_out, named, read, write};

/// Writes a delta as another program's file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The delta.
    #[arg(value_name = "FILE.safetensors")]
    delta: PathBuf,
    #[command(flatten)]
    base: BaseArgs,
    /// The other program's format.
    #[arg(long, value_enum)]
    format: Format,
    /// Rank of the LoRA; layers of a lower rank are exact.
    #[arg(long, value_name = "R", required_if_eq_any = [("format", "lora-kohya"), ("format", "lora-diffusers")])]
    rank: Option<usize>,
    /// Precision of the LoRA.
    #[arg(long, value_enum, default_value_t)]
    dtype: DtypeArg,
    /// How full-length shifts of norms are written for svdiff-pytorch, which has one number per norm.
    #[arg(long, value_enum, default_value_t)]
    norms: NormsArg,
    /// The LoRA's file, or the folder for svdiff-pytorch's two files.
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// kohya's LoRA, for sd-scripts, A1111, ComfyUI and diffusers.
    LoraKohya,
    /// diffusers' and PEFT's LoRA.
    LoraDiffusers,
    /// svdiff-pytorch's spectral shifts.
    SvdiffPytorch,
}

/// `--dtype`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum DtypeArg {
    /// Half the size.
    #[default]
    F16,
    /// Exact.
    F32,
}

/// `--norms`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum NormsArg {
    /// An error.
    #[default]
    Refuse,
    /// The nearest single number.
    Project,
    /// Leaves them out.
    Omit,
    /// Writes all of them, under a name that only this program reads.
    Keep,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    if args.format != Format::SvdiffPytorch {
        check_out(&args.out, "safetensors")?;
    } else if !args.out.is_dir() {
        return Err(Error::Io(format!(
            "There is no folder {} for svdiff-pytorch's files. Make it first.",
            args.out.display()
        )));
    }
    let delta = Delta::from_bytes(&read(&args.delta)?).map_err(|e| named(&args.delta, e))?;
    let base = args.base.load().await?;
    delta.check_base(&base.hash)?;
    let selection = LayerSelection::for_deltas(&[&delta]);
    let decomposed = args.base.cache.factors(&base, &selection).await?;
    if args.format == Format::SvdiffPytorch {
        let norms = match args.norms {
            NormsArg::Refuse => FullNorms::Refuse,
            NormsArg::Project => FullNorms::Project,
            NormsArg::Omit => FullNorms::Omit,
            NormsArg::Keep => FullNorms::Keep,
        };
        if !delta.unet.is_empty() {
            shifts((&delta.unet, UNET_FILE), &decomposed.unet, norms, &args.out)?;
        }
        if !delta.text_encoder.is_empty() {
            let file = (&delta.text_encoder, TEXT_ENCODER_FILE);
            shifts(file, decomposed.text_encoder()?, norms, &args.out)?;
        }
        return Ok(());
    }

    // clap asks for a rank with these formats.
    let rank = args.rank.unwrap_or(1);
    let text_encoder = decomposed.text_encoder().ok();
    let (lora, report) = Lora::from_delta(&delta, &decomposed.unet, text_encoder, rank).await?;
    let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
    let metadata = kohya::metadata(&delta.metadata, &base, &report);
    let dtype = match args.dtype {
        DtypeArg::F16 => Dtype::F16,
        DtypeArg::F32 => Dtype::F32,
    };
    let write_lora = match args.format {
        Format::LoraDiffusers => diffusers::write,
        _ => kohya::write,
    };
    let bytes = write_lora(&lora, [&shapes[0], &shapes[1]], &metadata, dtype)?;
    write(&args.out, &bytes)?;
    eprintln!("{}: {} bytes", args.out.display(), bytes.len());
    tell(&report);
    Ok(())
}

fn tell(report: &LoraReport) {
    eprintln!(
        "rank {}: {:.3} % of the energy (Σ d²) of {} layers is kept",
        report.rank,
        100.0 * report.energy(),
        report.layers
    );
    if report.clamped > 0 {
        eprintln!("layers of a lower rank, kept whole: {}", report.clamped);
    }
    if report.inexpressible > 0.0 {
        eprintln!(
            "left out: shifts of norms and embeddings, which no LoRA can hold, a share of {:.1e} of the delta's squared change",
            report.left_out()
        );
    }
}

/// One of svdiff-pytorch's files.
fn shifts(
    (set, name): (&ShiftSet, &str),
    base: &DecomposedModel,
    norms: FullNorms,
    folder: &Path,
) -> Result<()> {
    let (fitted, lost) = svdiff_pytorch::fit_norms(set, base, norms)?;
    let (path, bytes) = (folder.join(name), svdiff_pytorch::write(&fitted)?);
    write(&path, &bytes)?;
    eprintln!("{}: {} bytes", path.display(), bytes.len());
    if lost > 0.0 {
        eprintln!(
            "{:.1} % of the norms' squared change did not fit",
            100.0 * lost
        );
    }
    Ok(())
}
