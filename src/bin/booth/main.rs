//! `booth`: the command line.
//!
//! Results are written to files, tables and descriptions to stdout, progress and errors to stderr.
//! The exit status is 0, 1 after an error, 2 for wrong flags.
//!
//! | folder | content |
//! |---|---|
//! | `commands` | one module per command |
//! | `args` | flags that commands share; those of settings come from [`deltabooth::config`] |
//! | `io` | files, pictures, terminal |

mod args;
mod commands;
mod io;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    collage, combine, decompose, edit, eval, export, generate, import, inspect, link, plan, synth,
    train,
};

/// A photo booth: learn a subject from a few pictures, then put it into new ones.
#[derive(Debug, Parser)]
#[command(name = "booth", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes pictures of a prompt, with or without deltas.
    Generate(generate::Args),
    /// Edits one picture by its prompt.
    Edit(edit::Args),
    /// Trains on subjects, from folders of pictures.
    Train(Box<train::Args>),
    /// Writes the collages that training on several subjects would use.
    Collage(collage::Args),
    /// Trains, makes pictures and scores them with the judge.
    Eval(Box<eval::Args>),
    /// Combines deltas: sum, interpolation, style mix, rank limit.
    Combine(combine::Args),
    /// Converts a delta for other programs: LoRA or svdiff-pytorch.
    Export(export::Args),
    /// Converts svdiff-pytorch's files to a delta.
    Import(import::Args),
    /// Packs a delta into a link, or unpacks it.
    Link(link::Args),
    /// Describes a delta or a weight file.
    Inspect(inspect::Args),
    /// Writes a synthetic model with the shapes of a published one.
    Synth(synth::Args),
    /// Decomposes the weights of a base model and reports time and accuracy.
    Decompose(decompose::Args),
    /// Estimates the memory of a picture or a training run.
    Plan(plan::Args),
}

fn main() -> ExitCode {
    deltabooth::memory::keep_freed();
    let result = match Cli::parse().command {
        Command::Generate(args) => pollster::block_on(generate::run(args)),
        Command::Edit(args) => pollster::block_on(edit::run(args)),
        Command::Train(args) => pollster::block_on(train::run(*args)),
        Command::Collage(args) => collage::run(&args),
        Command::Eval(args) => pollster::block_on(eval::run(*args)),
        Command::Combine(args) => pollster::block_on(combine::run(args)),
        Command::Export(args) => pollster::block_on(export::run(args)),
        Command::Import(args) => pollster::block_on(import::run(args)),
        Command::Link(args) => link::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Decompose(args) => pollster::block_on(decompose::run(args)),
        Command::Synth(args) => synth::run(args),
        Command::Plan(args) => pollster::block_on(plan::run(&args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", io::text::escaped(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}
