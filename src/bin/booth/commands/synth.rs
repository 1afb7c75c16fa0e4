//! `booth synth`: synthetic models.

use std::path::PathBuf;

use deltabooth::Result;
use deltabooth::synthetic;
use deltabooth::synthetic::{Kind, Layout, Options, Size};
use deltabooth::weights::format::safetensors::Dtype;

use crate::io::status::Status;

/// Writes a synthetic model: names, shapes and sizes of a published one, with random weights.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The published model whose shapes it has.
    #[arg(long, value_enum, value_name = "BASE")]
    like: Kind,
    /// Precision of the weights: f16, bf16 or f32.
    #[arg(long, value_name = "TYPE", default_value = "f16", value_parser = dtype)]
    dtype: Dtype,
    /// A diffusers folder, or one file in the original layout with a tokenizer beside it.
    #[arg(long, value_enum, value_name = "LAYOUT", default_value_t)]
    layout: Layout,
    /// Shards of the weights of each part.
    #[arg(long, value_name = "N", default_value_t = 1)]
    shards: usize,
    /// Variant in the weight files' names, such as 'fp16' in model.fp16.safetensors.
    #[arg(long, value_name = "WORD")]
    variant: Option<String>,
    /// Seed of the weights, which are the same in every layout.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Few channels and small pictures, for tests.
    #[arg(long)]
    small: bool,
    /// The folder; new or empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let options = Options {
        kind: args.like,
        dtype: args.dtype,
        layout: args.layout,
        shards: args.shards,
        variant: args.variant,
        seed: args.seed,
        size: if args.small {
            Size::Small
        } else {
            Size::Published
        },
    };
    let mut status = Status::new("writing MB");
    let mut bytes = 0;
    synthetic::write(&options, &args.out, &mut |done, total| {
        bytes = done;
        status.progress((done >> 20) as usize, (total >> 20) as usize);
    })?;
    drop(status);
    eprintln!("{}: {bytes} bytes of weights", args.out.display());
    Ok(())
}

fn dtype(text: &str) -> Result<Dtype, String> {
    match text {
        "f16" => Ok(Dtype::F16),
        "bf16" => Ok(Dtype::BF16),
        "f32" => Ok(Dtype::F32),
        _ => Err("choose f16, bf16 or f32".into()),
    }
}
