//! `booth generate`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::generate::{GenerateSettings, Generated, generate};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture::{Picture, encode_png};
use deltabooth::sampler::SamplerKind;
use deltabooth::spectral::LayerSelection;
use deltabooth::spectral::delta::Delta;
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, Header, from_f32, to_f32};
use deltabooth::{Error, Result};

use super::common::{BaseArgs, Status, check_out, named, read, write};
use super::decompose::CacheArg;

/// Makes pictures of a prompt.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// What the picture should show.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// What it should not show.
    #[arg(long, value_name = "TEXT", default_value = "")]
    negative: String,
    /// A delta to apply, with a strength (1 is as trained); may be given several times.
    #[arg(long, value_name = "FILE[:STRENGTH]")]
    delta: Vec<String>,
    /// A LoRA to add (kohya's or diffusers' format), with a strength; may be given several times.
    #[arg(long, value_name = "FILE[:STRENGTH]")]
    lora: Vec<String>,
    /// Applies deltas that were made for another base; the result is anyone's guess.
    #[arg(long)]
    apply_anyway: bool,
    /// The sampling method; lcm is for bases that were distilled for it.
    #[arg(long, value_enum, value_name = "NAME", default_value_t)]
    sampler: SamplerKind,
    /// A word of the prompt; also writes FILE-attention.png, bright where the word looks.
    #[arg(long, value_name = "WORD", default_value = "")]
    attend_to: String,
    /// Sampling steps.
    #[arg(long, value_name = "N", default_value_t = 25)]
    steps: usize,
    /// Classifier-free guidance; 1 is none.
    #[arg(long, value_name = "X", default_value_t = 7.5)]
    guidance: f64,
    /// Noise added on the way, with the sampler ddim: 0 is none, 1 is DDPM's.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    eta: f64,
    /// Side of the pictures in pixels [default: the base's own].
    #[arg(long, value_name = "PX", conflicts_with = "latents")]
    size: Option<usize>,
    /// The starting noise follows from it; the next picture has the next seed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many pictures [default: 1, or as many as --latents has].
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Starting noise: the tensor `latents` [n, 4, h, w] of a safetensors file.
    #[arg(long, value_name = "FILE")]
    latents: Option<PathBuf>,
    /// Also writes the final `latents` and the `images` [n, 3, h, w] as F32 safetensors.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// The picture. With several, they stand in a grid here and alone in FILE-1.png, FILE-2.png, …
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "png")?;
    let start = args.latents.as_deref().map(read_latents).transpose()?;
    let settings = GenerateSettings {
        prompt: args.prompt,
        negative_prompt: args.negative,
        seed: args.seed,
        sampler: args.sampler,
        steps: args.steps,
        guidance_scale: args.guidance,
        eta: args.eta,
        count: args
            .count
            .or(start.as_ref().map(|(_, shape)| shape[0]))
            .unwrap_or(1),
        attend_to: args.attend_to,
        preview: false,
    };
    settings.check()?;
    if let Some(note) = settings.note() {
        eprintln!("{note}");
    }
    let deltas = args
        .delta
        .iter()
        .map(|text| open_delta(text))
        .collect::<Result<Vec<_>>>()?;
    let base = args.base.load_at(args.size).await?;
    if !args.apply_anyway {
        deltas
            .iter()
            .try_for_each(|(delta, _)| delta.check_base(&base.hash))?;
    }
    let baked = bake(&base, &deltas, &args.base.cache).await?;
    let base = super::lora::add(&args.lora, baked.unwrap_or(base))?;
    // Generating moves the noise to the base's device.
    let start = start
        .map(|(values, shape)| Tensor::from_data(TensorData::new(values, shape), &Device::flex()));

    let mut status = Status::new("making pictures");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    let generated = generate(&base, &base.unet, &settings, start, &mut on_step).await?;
    drop(status);
    if let Some(path) = &args.dump {
        write(path, &dump(&generated)?)?;
    }
    save(&generated, &args.out)
}

/// The base with all deltas added to its singular values, or `None` without deltas.
pub(super) async fn bake(
    base: &BaseModel,
    deltas: &[(Delta, f32)],
    cache: &CacheArg,
) -> Result<Option<BaseModel>> {
    if deltas.is_empty() {
        return Ok(None);
    }
    let shifted: Vec<&Delta> = deltas.iter().map(|(delta, _)| delta).collect();
    let decomposed = cache
        .factors(base, &LayerSelection::for_deltas(&shifted))
        .await?;
    let deltas: Vec<(&Delta, f32)> = deltas.iter().map(|(delta, by)| (delta, *by)).collect();
    decomposed.bake(base, &deltas).map(Some)
}

pub(super) fn open_delta(text: &str) -> Result<(Delta, f32)> {
    let (path, strength) = delta_and_strength(text, Path::is_file);
    if !strength.is_finite() {
        return Err(Error::Settings(format!(
            "The strength of {} is {strength}; give a number such as 0.8 or 1.",
            path.display()
        )));
    }
    let delta = Delta::from_bytes(&read(&path)?).map_err(|error| named(&path, error))?;
    Ok((delta, strength))
}

/// `FILE[:STRENGTH]`. A colon may be part of the path: what exists as a whole is a path, and what
/// follows the last colon is a strength only if it is a number.
pub(crate) fn delta_and_strength(text: &str, is_file: impl Fn(&Path) -> bool) -> (PathBuf, f32) {
    let split = text
        .rsplit_once(':')
        .and_then(|(path, strength)| Some((path, strength.trim().parse().ok()?)));
    match split {
        Some((path, strength)) if !path.is_empty() && !is_file(Path::new(text)) => {
            (path.into(), strength)
        }
        _ => (text.into(), 1.0),
    }
}

/// The tensor `latents` `[n, 4, h, w]`.
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

/// A PNG of pictures of one size, row by row; empty places are white.
pub(super) fn grid(pictures: &[Picture], columns: usize) -> Result<Vec<u8>> {
    let [width, height] = pictures.first().map_or([0, 0], |first| {
        [first.width() as usize, first.height() as usize]
    });
    let rows = pictures.len().div_ceil(columns);
    let mut grid = vec![255_u8; 3 * rows * height * columns * width];
    for (index, picture) in pictures.iter().enumerate() {
        for (y, row) in picture.rgb().chunks_exact(3 * width).enumerate() {
            let start = 3 * ((index / columns * height + y) * columns + index % columns) * width;
            grid[start..start + row.len()].copy_from_slice(row);
        }
    }
    encode_png(&grid, (columns * width) as u32, (rows * height) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_is_told_from_a_colon_in_a_path() {
        let parse = |text: &str| delta_and_strength(text, |path| path == Path::new("takes/8:30"));
        for (text, path, strength) in [
            ("cat.safetensors", "cat.safetensors", 1.0),
            ("cat.safetensors:0.8", "cat.safetensors", 0.8),
            ("cat.safetensors:-1", "cat.safetensors", -1.0),
            (r"C:\cat.safetensors", r"C:\cat.safetensors", 1.0),
            (r"C:\cat.safetensors:1.2", r"C:\cat.safetensors", 1.2),
            ("takes/8:30", "takes/8:30", 1.0),
            ("takes/8:30:0.5", "takes/8:30", 0.5),
            ("a:b.safetensors", "a:b.safetensors", 1.0),
            (":0.5", ":0.5", 1.0),
            ("cat:", "cat:", 1.0),
        ] {
            assert_eq!(parse(text), (PathBuf::from(path), strength), "{text}");
        }
    }
}
