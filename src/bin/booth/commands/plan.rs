//! `booth plan`: the estimated memory of a job, and whether it fits.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use deltabooth::plan::verdict::format_bytes;
use deltabooth::plan::{
    Configs, DeviceClass, Job, Kernels, Limits, Plan, Stored, Task, Verdict, plan,
};
use deltabooth::spectral::shift::preset::LayerPreset;
use deltabooth::train::Recompute;
use deltabooth::weights::Files;
use deltabooth::{Error, Result};

use crate::args::base::{DeviceArg, StoredArg};

/// Estimates the memory of a picture or a training run.
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The base model's folder, in diffusers' layout; only its configuration files are read.
    #[arg(long, value_name = "DIR")]
    base: PathBuf,
    /// Plans a training run instead of a picture.
    #[arg(long)]
    train: bool,
    /// Pixels a side of the pictures [default: those of the model].
    #[arg(long, value_name = "PIXELS")]
    resolution: Option<usize>,
    /// Layers that are trained, or that the delta of a picture shifts.
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    /// Samples per training step, those of the class included.
    #[arg(long, default_value_t = 2, value_name = "N")]
    samples: usize,
    /// Trains the text encoder too.
    #[arg(long)]
    text_encoder: bool,
    /// The device that computes.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceArg,
    /// Available memory in GB [default for a GPU: 6 GiB].
    #[arg(long, value_name = "GB")]
    limit: Option<f64>,
    /// The device's largest buffer in MB.
    #[arg(long, value_name = "MB")]
    buffer: Option<f64>,
    /// Precision of the stored weights, U and V.
    #[arg(long, value_enum, default_value_t)]
    stored: StoredArg,
}

/// Prints the plan as a table, with the verdict below.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let configs = Configs::read(&Files::Folder(args.base.clone())).await?;
    let preset = args.preset.as_deref().map(preset).transpose()?;
    let pixels = args.resolution.unwrap_or_else(|| configs.native_pixels());
    let step = configs.step();
    if !(step..=4096).contains(&pixels) || !pixels.is_multiple_of(step) {
        return Err(Error::Settings(format!(
            "{pixels} px cannot be halved as often as this base does it. Give a --resolution from {step} to 4096 that is a multiple of {step}."
        )));
    }
    if !(1..=64).contains(&args.samples) {
        return Err(Error::Settings(
            "A step has 1 to 64 samples. Give such a number with --samples.".into(),
        ));
    }
    let stored: Stored = args.stored.into();
    let (class, kernels) = match args.device {
        DeviceArg::Cpu => (DeviceClass::Native, Kernels::Custom),
        DeviceArg::Gpu => (DeviceClass::Gpu, Kernels::Burn),
    };
    let mut limits = Limits::assumed(class);
    if let Some(limit) = args.limit {
        limits.budget = bytes("--limit", limit, 1e9)?;
    }
    if let Some(buffer) = args.buffer {
        limits.buffer = bytes("--buffer", buffer, 1e6)?;
    }
    let job = Job {
        task: if args.train {
            Task::Train {
                samples: args.samples,
                preset: preset.unwrap_or_default(),
                text_encoder: args.text_encoder,
            }
        } else {
            Task::Generate { delta: preset }
        },
        pixels,
        kernels,
        weights: stored,
        factors: stored,
    };
    print(&plan(&configs, &job, limits));
    Ok(())
}

fn bytes(option: &str, number: f64, unit: f64) -> Result<u64> {
    if number.is_finite() && number > 0.0 && number < 1e6 {
        return Ok((number * unit) as u64);
    }
    Err(Error::Settings(format!(
        "{option} {number} is no amount of memory. Give a positive number."
    )))
}

fn preset(name: &str) -> Result<LayerPreset> {
    let found = serde_json::from_value(serde_json::Value::from(name));
    found.map_err(|_| {
        let all = LayerPreset::ALL.map(|preset| {
            let name = serde_json::to_value(preset).unwrap_or_default();
            name.as_str().unwrap_or_default().to_owned()
        });
        Error::Settings(format!(
            "There is no preset '{name}'. Choose one of: {}.",
            all.join(", ")
        ))
    })
}

fn print(plan: &Plan) {
    println!("| while | what | size |\n|---|---|---|");
    for phase in &plan.phases {
        for item in &phase.items {
            println!(
                "| {} | {} | {} |",
                phase.name,
                item.name,
                format_bytes(item.bytes)
            );
        }
        println!(
            "| {} | **together** | **{}** |",
            phase.name,
            format_bytes(phase.total())
        );
        println!(
            "| {} | largest buffer | {} |",
            phase.name,
            format_bytes(phase.largest)
        );
    }
    println!();
    let strategy = plan.strategy;
    if !matches!(plan.verdict, Verdict::DoesNotFit(_)) {
        let mut ways = Vec::new();
        if strategy.offload {
            ways.push("what a step does not use is let go of".to_owned());
        }
        if strategy.recompute == Recompute::Blocks {
            ways.push("the UNet's blocks are computed again in the backward pass".to_owned());
        }
        if let Some(tile) = strategy.tile {
            ways.push(format!("the autoencoder works in tiles of {tile} px"));
        }
        if !ways.is_empty() {
            println!("To save memory, {}.", ways.join("; "));
        }
    }
    println!("{}", plan.sentence());
}
