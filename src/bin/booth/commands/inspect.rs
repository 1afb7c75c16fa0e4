//! `booth inspect`: describes a file. All text in it is untrusted.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use deltabooth::spectral::delta::Delta;
use deltabooth::weights::format::safetensors::{Header, header_len};
use deltabooth::{Error, Result};

use crate::io::files::{named, read};
use crate::io::text::escaped;

/// Of longer metadata, such as thumbnails, only the size is shown, in bytes.
const LONGEST: usize = 2_000;

/// Describes a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A delta or any other safetensors file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let header = read_header(&args.file).map_err(|error| named(&args.file, error))?;
    let mut text = String::new();
    if header.metadata.contains_key("deltabooth.format") {
        let bytes = read(&args.file)?;
        let delta = Delta::from_bytes(&bytes).map_err(|error| named(&args.file, error))?;
        describe_delta(&delta, bytes.len(), &mut text)
    } else {
        describe_tensors(&header, &mut text)
    }
    .map_err(|error| Error::Io(format!("The description could not be written ({error}).")))?;
    describe_metadata(&header, &mut text)
        .map_err(|error| Error::Io(format!("The description could not be written ({error}).")))?;
    print!("{text}");
    Ok(())
}

/// Reads the header only, because the weights may be larger than the memory.
fn read_header(path: &Path) -> Result<Header> {
    let unreadable = |error: std::io::Error| {
        Error::Io(format!(
            "{} could not be read ({error}). Check its name and place.",
            path.display()
        ))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut prefix = Vec::new();
    file.by_ref()
        .take(8)
        .read_to_end(&mut prefix)
        .map_err(unreadable)?;
    let rest = header_len(&prefix, length)?;
    file.take(rest)
        .read_to_end(&mut prefix)
        .map_err(unreadable)?;
    Header::parse(&prefix, length)
}

fn describe_delta(delta: &Delta, bytes: usize, out: &mut String) -> std::fmt::Result {
    let about = &delta.metadata;
    let subjects: Vec<String> = about
        .subjects
        .iter()
        .map(|s| format!("{} {}", s.token, s.class_word))
        .collect();
    let layers = delta.unet.entries.len() + delta.text_encoder.entries.len();
    let numbers = delta.unet.len() + delta.text_encoder.len();
    writeln!(
        out,
        "delta      {bytes} bytes, {numbers} shifts of {layers} layers"
    )?;
    for (name, value) in [
        ("title", &about.title),
        ("subject", &subjects.join(", ")),
        ("trigger", &about.trigger_phrase),
        ("author", &about.author),
        ("licence", &about.licence),
        ("date", &about.date),
        ("steps", &about.steps.to_string()),
        ("base", &about.base_id),
        ("base hash", &about.base_sha256),
        ("precision", &about.precision),
    ] {
        if !value.is_empty() {
            writeln!(out, "{name:<10} {}", line(value))?;
        }
    }
    writeln!(
        out,
        "\n{:>6} {:>10} {:>10}  layer",
        "shifts", "norm", "largest"
    )?;
    for (model, set) in [("unet", &delta.unet), ("text_encoder", &delta.text_encoder)] {
        for (path, shift) in set.iter() {
            let norm = shift
                .delta
                .iter()
                .map(|&d| f64::from(d).powi(2))
                .sum::<f64>()
                .sqrt();
            let largest = shift
                .delta
                .iter()
                .fold(0.0_f32, |largest, d| largest.max(d.abs()));
            writeln!(
                out,
                "{:>6} {norm:>10.4} {largest:>10.4}  {model}.{}",
                shift.delta.len(),
                line(path)
            )?;
        }
    }
    Ok(())
}

fn describe_tensors(header: &Header, out: &mut String) -> std::fmt::Result {
    let numbers: u128 = header
        .tensors
        .values()
        .map(|t| t.shape.iter().map(|&n| n as u128).product::<u128>())
        .sum();
    writeln!(
        out,
        "weights    {} tensors, {numbers} numbers\n",
        header.tensors.len()
    )?;
    for (name, info) in &header.tensors {
        writeln!(
            out,
            "{:<5} {:<20} {}",
            info.dtype.name(),
            format!("{:?}", info.shape),
            line(name)
        )?;
    }
    Ok(())
}

fn describe_metadata(header: &Header, out: &mut String) -> std::fmt::Result {
    if header.metadata.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nmetadata")?;
    for (key, value) in &header.metadata {
        if value.len() > LONGEST {
            writeln!(out, "  {}: {} bytes", line(key), value.len())?;
        } else {
            writeln!(out, "  {}: {}", line(key), line(value))?;
        }
    }
    Ok(())
}

/// Escapes a text for one line, so that no value looks like another entry.
fn line(text: &str) -> String {
    escaped(text).replace('\n', "\\n")
}
