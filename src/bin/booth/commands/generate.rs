//! `booth generate`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::config::GenerateConfig;
use deltabooth::generate::{Generated, generate};
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, Header, from_f32, to_f32};
use deltabooth::{Error, Result};

use crate::args::base::BaseArgs;
use crate::args::overrides::Overrides;
use crate::args::strength::{add_loras, bake, open_delta};
use crate::io::files::{check_out, read, write};
use crate::io::grid::grid;
use crate::io::status::Status;

/// Makes pictures of a prompt.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    #[command(flatten)]
    config: Overrides<GenerateConfig>,
    /// Pixels a side [default: those of the model].
    #[arg(long, value_name = "PIXELS", conflicts_with = "latents")]
    resolution: Option<usize>,
    /// A delta and its strength (1 is as trained). Repeat for further deltas.
    #[arg(long, value_name = "FILE[:STRENGTH]")]
    delta: Vec<String>,
    /// A LoRA in kohya's or diffusers' format, and its strength. Repeat for further LoRAs.
    #[arg(long, value_name = "FILE[:STRENGTH]")]
    lora: Vec<String>,
    /// Applies deltas that were trained on another base model; results may be meaningless.
    #[arg(long)]
    apply_anyway: bool,
    /// Starting noise: the tensor `latents` [n, 4, h, w] of a safetensors file; makes n pictures.
    #[arg(long, value_name = "FILE")]
    latents: Option<PathBuf>,
    /// Writes the final `latents` and the `images` [n, 3, h, w] as F32 safetensors.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// The picture. Several pictures are written as a grid, and each in FILE-1.png, FILE-2.png, …;
    /// with --attend-to there is FILE-attention.png.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "png")?;
    let start = args.latents.as_deref().map(read_latents).transpose()?;
    let config = args.config.apply(GenerateConfig {
        num_images_per_prompt: start.as_ref().map_or(1, |(_, shape)| shape[0]),
        ..GenerateConfig::default()
    })?;
    config.check()?;
    if let Some(warning) = config.warning() {
        eprintln!("{warning}");
    }
    let deltas = args
        .delta
        .iter()
        .map(|text| open_delta(text))
        .collect::<Result<Vec<_>>>()?;
    let base = args.base.load_at(args.resolution).await?;
    if !args.apply_anyway {
        deltas
            .iter()
            .try_for_each(|(delta, _)| delta.check_base(&base.hash))?;
    }
    let baked = bake(&base, &deltas, &args.base.cache).await?;
    let base = add_loras(&args.lora, baked.unwrap_or(base))?;
    // `generate` moves the noise to the model's device.
    let start = start
        .map(|(values, shape)| Tensor::from_data(TensorData::new(values, shape), &Device::flex()));

    let mut status = Status::new("making pictures");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    let generated = generate(&base, &base.unet, &config, start, &mut on_step).await?;
    drop(status);
    if let Some(path) = &args.dump {
        write(path, &dump(&generated)?)?;
    }
    save(&generated, &args.out)
}

/// Reads the tensor `latents` `[n, 4, h, w]`.
fn read_latents(path: &Path) -> Result<(Vec<f32>, [usize; 4])> {
    let wrong = |what: String| {
        Error::Weights(format!(
            "{}: {what}. --latents needs a safetensors file with a tensor 'latents' [n, 4, h, w].",
            path.display()
        ))
    };
    let bytes = read(path)?;
    let header =
        Header::parse(&bytes, bytes.len() as u64).map_err(|error| wrong(error.to_string()))?;
    let info = header
        .tensors
        .get("latents")
        .ok_or_else(|| wrong("it has no such tensor".into()))?;
    let shape: [usize; 4] = info
        .shape
        .clone()
        .try_into()
        .map_err(|shape| wrong(format!("'latents' has shape {shape:?}")))?;
    // The header was checked against the file's length.
    let at = |offset: u64| (header.data_start + offset) as usize;
    let values = to_f32(info.dtype, &bytes[at(info.start)..at(info.end)])?;
    if values.iter().any(|value| !value.is_finite()) {
        return Err(wrong("'latents' holds NaN or infinity".into()));
    }
    Ok((values, shape))
}

/// `latents` and `images` as a safetensors file.
fn dump(generated: &Generated) -> Result<Vec<u8>> {
    let tensor = |name: &str, shape: [usize; 4], values: &[f32]| -> Result<_> {
        Ok((
            name.to_owned(),
            Dtype::F32,
            shape.to_vec(),
            from_f32(Dtype::F32, values)?,
        ))
    };
    let tensors = [
        tensor("images", generated.images_shape, &generated.images)?,
        tensor("latents", generated.latents_shape, &generated.latents)?,
    ];
    safetensors::write(&tensors, &BTreeMap::new())
}

/// Writes the pictures.
fn save(generated: &Generated, out: &Path) -> Result<()> {
    let count = generated.images_shape[0];
    let pictures = (0..count)
        .map(|index| generated.picture(index))
        .collect::<Result<Vec<_>>>()?;
    let stem = out.file_stem().unwrap_or_default();
    let columns = (1..).find(|side| side * side >= count).unwrap_or(count);
    if !generated.attention.is_empty() {
        let maps = (0..count)
            .map(|index| generated.attention_picture(index))
            .collect::<Result<Vec<_>>>()?;
        let mut name = stem.to_owned();
        name.push("-attention.png");
        write(&out.with_file_name(name), &grid(&maps, columns)?)?;
    }
    if let [picture] = &pictures[..] {
        return write(out, &picture.to_png()?);
    }
    for (index, picture) in pictures.iter().enumerate() {
        let mut name = stem.to_owned();
        name.push(format!("-{}.png", index + 1));
        write(&out.with_file_name(name), &picture.to_png()?)?;
    }
    write(out, &grid(&pictures, columns)?)
}
