//! `booth import`: svdiff-pytorch's files as a delta.

use std::path::PathBuf;

use deltabooth::spectral::delta::{Delta, DeltaMetadata};
use deltabooth::spectral::lora_file::is_lora;
use deltabooth::spectral::shapes::{Component, layer_shapes};
use deltabooth::spectral::svdiff_pytorch;
use deltabooth::weights::safetensors::{Dtype, Header};
use deltabooth::{Error, Result};

use super::common::{BaseArgs, check_out, named, read, today, write};

/// Makes a delta of svdiff-pytorch's spectral shifts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// spectral_shifts.safetensors, spectral_shifts_te.safetensors, or both.
    #[arg(value_name = "FILE.safetensors", required = true, num_args = 1..=2)]
    files: Vec<PathBuf>,
    /// The base they were trained on; their files do not say.
    #[command(flatten)]
    base: BaseArgs,
    /// Its name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    title: String,
    /// What to write in a prompt to call it ('sks dog').
    #[arg(long, value_name = "TEXT", default_value = "")]
    trigger: String,
    /// The delta, in F32 so that nothing is rounded.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "safetensors")?;
    let mut files = Vec::new();
    for path in &args.files {
        let bytes = read(path)?;
        let header = Header::parse(&bytes, bytes.len() as u64).map_err(|e| named(path, e))?;
        if is_lora(&header) {
            return Err(Error::Delta(format!(
                "{} is a LoRA. Its directions are its own, so it is no delta of spectral shifts; use it as it is with `booth generate --lora`.",
                path.display()
            )));
        }
        let component = svdiff_pytorch::component(&header).ok_or_else(|| {
            Error::Delta(format!(
                "{} is no file of svdiff-pytorch. Give spectral_shifts.safetensors or spectral_shifts_te.safetensors.",
                path.display()
            ))
        })?;
        files.push((path, component, bytes));
    }
    let base = args.base.load().await?;
    let mut delta = Delta {
        metadata: DeltaMetadata {
            base_id: base.id.clone(),
            base_sha256: base.hash.clone(),
            precision: "f32".into(),
            title: args.title,
            trigger_phrase: args.trigger,
            date: today(),
            ..DeltaMetadata::default()
        },
        ..Delta::default()
    };
    for (path, component, bytes) in files {
        let (set, shapes) = match component {
            Component::Unet => (&mut delta.unet, layer_shapes(&base.unet)?),
            Component::TextEncoder => (&mut delta.text_encoder, layer_shapes(&base.text_encoder)?),
        };
        if !set.is_empty() {
            return Err(Error::Delta(format!(
                "{} is for the same part of the base as the file before it. Give one file for the UNet and one for the text encoder.",
                path.display()
            )));
        }
        *set = svdiff_pytorch::read(&bytes, &shapes).map_err(|error| named(path, error))?;
    }
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
