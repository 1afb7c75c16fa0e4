//! `booth`: the library from a terminal.
//!
//! Results go to files, what is under way and what went wrong to stderr, and `inspect`'s answer to
//! stdout. It ends with 0, with 1 and a sentence, or with 2 if it was called wrongly.

mod common;
mod edit;
mod generate;
mod inspect;
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
    /// Edits one picture by its prompt, with a delta that was trained on it.
    Edit(edit::Args),
    /// Learns a subject from a folder of pictures.
    Train(train::Args),
    /// Says what is in a delta or a weight file.
    Inspect(inspect::Args),
}

fn main() -> ExitCode {
    deltabooth::memory::keep_freed();
    let result = match Cli::parse().command {
        Command::Generate(args) => pollster::block_on(generate::run(args)),
        Command::Edit(args) => pollster::block_on(edit::run(args)),
        Command::Train(args) => pollster::block_on(train::run(args)),
        Command::Inspect(args) => inspect::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", common::escaped(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}
