//! `booth synth`: stand-ins for published bases.

use std::path::PathBuf;

use deltabooth::Result;
use deltabooth::synthetic;
use deltabooth::synthetic::{Kind, Layout, Options, Size};
use deltabooth::weights::format::safetensors::Dtype;

use super::common::Status;

/// Writes a stand-in for a published base: its names, shapes and sizes, with random weights.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose shapes.
    #[arg(long, value_enum, value_name = "BASE")]
    like: Kind,
    /// The kind of numbers: f16, bf16 or f32.
    #[arg(long, value_name = "TYPE", default_value = "f16", value_parser = dtype)]
    dtype: Dtype,
    /// A diffusers folder, or one file in the original layout with a tokenizer beside it.
    #[arg(long, value_enum, value_name = "LAYOUT", default_value_t)]
    layout: Layout,
    /// Files that the weights of each part are spread over, with an index.
    #[arg(long, value_name = "N", default_value_t = 1)]
    shards: usize,
    /// A word in the weight files' names, as 'fp16' in model.fp16.safetensors.
    #[arg(long, value_name = "WORD")]
    variant: Option<String>,
    /// The weights follow from it, in every layout the same.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Few channels and small pictures, for tests.
    #[arg(long)]
    small: bool,
    /// The folder, new or empty.
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
