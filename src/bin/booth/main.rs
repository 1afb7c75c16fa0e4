//! `booth`: the library from a terminal.
//!
//! Results go to files, what is under way and what went wrong to stderr, and `inspect`'s answer to
//! stdout. It ends with 0, with 1 and a sentence, or with 2 if it was called wrongly.

mod collage;
mod combine;
mod common;
mod decompose;
mod edit;
mod eval;
mod export;
mod generate;
mod import;
mod inspect;
mod link;
mod lora;
mod plan;
mod subjects;
mod synth;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A photo booth: learn a subject from a few pictures, then put it into new ones.
#[derive(Debug, Parser)]
#[command(name = "booth", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes pictures of a prompt, with any number of deltas.
    Generate(generate::Args),
    /// Edits one picture by its prompt.
    Edit(edit::Args),
    /// Learns subjects from folders of pictures.
    Train(Box<train::Args>),
    /// Shows the collages that training on several subjects would see.
    Collage(collage::Args),
    /// Trains, makes pictures and scores them with the judge.
    Eval(Box<eval::Args>),
    /// Makes one delta of several: sum, interpolation, style mix, rank limit.
    Combine(combine::Args),
    /// Writes a delta for other programs: LoRA or svdiff-pytorch.
    Export(export::Args),
    /// Makes a delta of svdiff-pytorch's files.
    Import(import::Args),
    /// Makes a delta the text of a link, and a delta of such a text.
    Link(link::Args),
    /// Says what is in a delta or a weight file.
    Inspect(inspect::Args),
    /// Writes a stand-in for a published base, with random weights.
    Synth(synth::Args),
    /// Takes a base's weights apart ahead of training, and says what that took.
    Decompose(decompose::Args),
    /// Says what a picture or a training run takes of memory, and whether it fits.
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
            eprintln!("{}", common::escaped(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}
